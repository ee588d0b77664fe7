import type { CatalogueEntry } from '@sluice/events'
import type { FastifyInstance } from 'fastify'
import { asyncApiOf } from '../documents/asyncapi.ts'
import { openApiOf } from '../documents/openapi.ts'
import { readPage } from '../documents/page.ts'
import { sendAnswer } from './send-answer.ts'

/**
 * `GET /openapi.json` and `/asyncapi.json`: the contract over HTTP, and the topics; `GET /docs`: a page to try it. Each is
 * made once, at the start.
 */
export async function documentsRoute(
  server: FastifyInstance,
  { entries }: { readonly entries: readonly CatalogueEntry[] },
): Promise<void> {
  const openApi = JSON.stringify(openApiOf(entries))
  const asyncApi = JSON.stringify(asyncApiOf(entries))
  const { html, contentSecurityPolicy } = readPage()

  server.get('/openapi.json', READS_CATALOGUE, (_request, reply) => {
    sendAnswer(reply, { status: 200, contentType: 'application/json', body: openApi })
  })

  server.get('/asyncapi.json', READS_CATALOGUE, (_request, reply) => {
    sendAnswer(reply, { status: 200, contentType: 'application/json', body: asyncApi })
  })

  server.get('/docs', SEES_PAGE, (_request, reply) => {
    reply.header('content-security-policy', contentSecurityPolicy).header('referrer-policy', 'no-referrer')
    sendAnswer(reply, { status: 200, contentType: 'text/html; charset=utf-8', body: html })
  })
}

const READS_CATALOGUE = { config: { action: 'read-catalogue' } } as const
const SEES_PAGE = { config: { action: 'see-page' } } as const
