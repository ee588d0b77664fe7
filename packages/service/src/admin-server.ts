import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Logger, Metrics } from '@sluice/telemetry'

/** One thing that must be well before this process should get work. Must not block or throw. */
export type ReadinessCheck = {
  readonly name: string
  check(): { readonly ok: boolean; readonly detail: string }
}

export type AdminServer = { readonly port: number; close(): Promise<void> }

export type AdminServerOptions = {
  readonly host: string
  readonly port: number
  /** Whether another process may listen on the same port; see the setting SHARE_PORTS. */
  readonly sharePort?: boolean
  readonly checks: () => readonly ReadinessCheck[]
  /** Answers what is under `/v1/`, and guards it by itself; asked for with each request. */
  readonly operations?: () => RequestListener | undefined
  readonly metrics: Metrics
  readonly log: Logger
}

/**
 * Health and metrics, and what operators do, on a port of their own so that they are never public by accident.
 * `/livez`: the process answers. `/readyz`: 200 or 503, a JSON line per check, and the process's id: who shares a port
 * with another is told apart by it. `/metrics`: Prometheus text, or
 * JSON for `Accept: application/json`.
 * Rejects when the port cannot be had.
 */
export async function startAdminServer(options: AdminServerOptions): Promise<AdminServer> {
  const server = createServer((request, response) => {
    answer(options, request, response).catch((error) => {
      options.log.error({ err: error, url: request.url }, 'the admin server could not answer')
      if (!response.headersSent) response.writeHead(500)
      response.end()
    })
  })
  server.requestTimeout = 10_000
  server.headersTimeout = 5000
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen({ port: options.port, host: options.host, reusePort: options.sharePort ?? false }, resolve)
  await promise
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}

async function answer(
  options: AdminServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = request.url?.split('?')[0]
  const operations = path?.startsWith('/v1/') ? options.operations?.() : undefined
  if (operations) return operations(request, response)
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { allow: 'GET, HEAD' }).end()
    return
  }
  if (path === '/livez') return send(response, 200, JSON_TYPE, '{"live":true}\n')
  if (path === '/readyz') {
    const results = options.checks().map((check) => ({ name: check.name, ...check.check() }))
    const ready = results.every((result) => result.ok)
    return send(
      response,
      ready ? 200 : 503,
      JSON_TYPE,
      `${JSON.stringify({ ready, pid: process.pid, checks: results })}\n`,
    )
  }
  if (path === '/metrics') {
    const { metrics } = options
    if (request.headers.accept?.includes(JSON_TYPE)) {
      return send(response, 200, JSON_TYPE, JSON.stringify(await metrics.json()))
    }
    return send(response, 200, metrics.contentType, await metrics.text())
  }
  send(response, 404, JSON_TYPE, '{"error":"not-found","known":["/livez","/readyz","/metrics"]}\n')
}

const JSON_TYPE = 'application/json'

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body)
}
