import type { CatalogueEntry } from '@sluice/events'
import type { FastifyInstance } from 'fastify'
import { asyncApiOf } from '../documents/asyncapi.ts'
import { openApiOf } from '../documents/openapi.ts'
import { sendAnswer } from './send-answer.ts'

/** `GET /openapi.json` and `/asyncapi.json`: the contract over HTTP, and the topics. Encoded once, at the start. */
export async function documentsRoute(
  server: FastifyInstance,
  { entries }: { readonly entries: readonly CatalogueEntry[] },
): Promise<void> {
  const openApi = JSON.stringify(openApiOf(entries))
  const asyncApi = JSON.stringify(asyncApiOf(entries))

  server.get('/openapi.json', READS_CATALOGUE, (_request, reply) => {
    sendAnswer(reply, { status: 200, contentType: 'application/json', body: openApi })
  })

  server.get('/asyncapi.json', READS_CATALOGUE, (_request, reply) => {
    sendAnswer(reply, { status: 200, contentType: 'application/json', body: asyncApi })
  })
}

const READS_CATALOGUE = { config: { action: 'read-catalogue' } } as const
