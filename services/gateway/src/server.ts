import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { CatalogueEntry } from '@sluice/events'
import { INGEST_CONNECTIONS_REFUSED, type Logger } from '@sluice/telemetry'
import Fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify'
import { ClientGoneError } from './body/collect.ts'
import type { Authenticate } from './credentials/authenticate.ts'
import { guardFrontDoor } from './credentials/front-door.ts'
import { encodeProblem, PROBLEM_JSON, type ProblemCode, problems } from './problems.ts'
import { type Answer, answerProblem } from './results.ts'
import { documentsRoute } from './routes/documents.ts'
import { type IngestRouteOptions, ingestRoute } from './routes/ingest.ts'
import { sendAnswer } from './routes/send-answer.ts'
import { typesRoute } from './routes/types.ts'

export type ServerOptions = Omit<IngestRouteOptions, 'streaming'> & {
  readonly entries: readonly CatalogueEntry[]
  /** The publisher's limit for one event; an answer may take that long. */
  readonly publishTimeoutMs: number
  readonly authenticate: Authenticate
  /** Whether to speak TLS; then `server.server` is to be given a certificate before it listens. */
  readonly tls?: boolean
  /** Of TLS: whether clients are asked for a certificate, and let in without. Absent: they are not asked. */
  readonly clientCertificates?: 'optional' | 'required' | undefined
  readonly log: Logger
  /** How many may be open; the next ones are closed without a word. */
  readonly maxConnections: number
  /** For the whole of a request that is no stream, in ms. */
  readonly requestTimeoutMs?: number
}

/** The time for a client to send its request, head and body. A stream of events may take any. */
const REQUEST_TIMEOUT_MS = 30_000
/** Of it, for the head. */
const HEADERS_TIMEOUT_MS = 10_000
/** What an answer may take on top of Kafka's part before something is wrong with us. */
const SLACK_MS = 10_000
/** Longer than the idle timeout of common load balancers (60 s), so that they close first, not we under them. */
const KEEP_ALIVE_MS = 72_000
const MAX_HEADER_BYTES = 16 * 1024

/**
 * The public HTTP server, not yet listening. Every limit is set here: Fastify's and Node's defaults are not all
 * bounded. Everything that goes wrong is answered with a problem document and a code of `problems`.
 *
 * `close` lets requests in hand finish, then closes their connections; idle ones at once. A request that was on its way
 * on a connection that is in use is answered like any other, so that a restart costs nobody a 5xx.
 */
export function createServer(options: ServerOptions): FastifyInstance {
  const { publishTimeoutMs, maxBodyBytes, tls, clientCertificates, log } = options
  const requestTimeoutMs = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS
  const streaming = new WeakSet<Socket>()
  let closing = false

  const transport = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: Math.min(HEADERS_TIMEOUT_MS, requestTimeoutMs),
    connectionsCheckingInterval: Math.min(5000, requestTimeoutMs),
    // Node's own answer has no body; see judgeHttp.
    requireHostHeader: false,
  }
  const handshake = {
    handshakeTimeout: HEADERS_TIMEOUT_MS,
    requestCert: clientCertificates !== undefined,
    // Where it is optional, who comes with one that is not valid is told so.
    rejectUnauthorized: clientCertificates === 'required',
  }
  const server: FastifyInstance = Fastify({
    logger: false,
    // Types apart, both kinds of server are used alike.
    ...((tls ? { https: { ...transport, ...handshake } } : { http: transport }) as {
      http: typeof transport
    }),
    bodyLimit: maxBodyBytes,
    requestTimeout: requestTimeoutMs,
    // Off: it makes an AbortController for each request, 7 % of a single post. The publisher settles every event.
    handlerTimeout: 0,
    // Silence on a socket, also while Kafka is waited for.
    connectionTimeout: REQUEST_TIMEOUT_MS + publishTimeoutMs + SLACK_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // No limit: a request leaves nothing behind on its connection, and Node answers those beyond one by itself.
    maxRequestsPerSocket: 0,
    forceCloseConnections: 'idle',
    // What still comes in is answered: whoever calls `close` stops what answers it only afterwards.
    return503OnClosing: false,
    onProtoPoisoning: 'error',
    onConstructorPoisoning: 'error',
    routerOptions: { caseSensitive: true, ignoreTrailingSlash: false, maxParamLength: 200 },
    clientErrorHandler(error, socket) {
      // Node tells it once for each request and leaves the rest to us. A stream is watched by its own route.
      if (error.code === REQUEST_TIMEOUT && streaming.has(socket as Socket)) return
      answerMalformed(error, socket as Socket)
    },
    frameworkErrors: (error, request, reply) =>
      void answerError(error, request as FastifyRequest, reply as FastifyReply),
  })

  // Every body goes to the one parser of the ingest route; Fastify's own would take text/plain, too.
  server.removeAllContentTypeParsers()
  server.addHook('preClose', async () => {
    closing = true
  })
  server.addHook('onRequest', (request, reply, next) => {
    reply.header('x-content-type-options', 'nosniff').header('content-security-policy', "default-src 'none'")
    const problem = judgeHttp(request.raw)
    if (problem) sendAnswer(reply, problem)
    else next()
  })
  guardFrontDoor(server, options)
  const refused = options.metrics.counter(INGEST_CONNECTIONS_REFUSED, {})
  server.server.maxConnections = options.maxConnections
  server.server.on('drop', () => refused.add(1))
  // Without a listener Node answers by itself, without a body; see judgeHttp.
  server.server.on('checkExpectation', (request, response) =>
    server.server.emit('request', request, response),
  )
  // A connection that is kept would keep `close` waiting until its client lets go.
  server.addHook('onSend', (_request, reply, _payload, done) => {
    if (closing) reply.header('connection', 'close')
    done()
  })
  server.setNotFoundHandler(answerNotFound)
  server.setErrorHandler(answerError)
  server.register(ingestRoute, { ...options, streaming })
  server.register(typesRoute, { entries: options.entries })
  server.register(documentsRoute, { entries: options.entries })
  return server

  function answerError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    if (error instanceof ClientGoneError)
      return sendAnswer(reply, answerProblem('invalid-request', error.message))
    const code = codeOf(error)
    if (code !== 'internal') return sendAnswer(reply, answerProblem(code))
    log.error(
      { err: error, method: request.method, url: request.routeOptions.url },
      'a request failed: a bug',
    )
    return sendAnswer(reply, answerProblem('internal'))
  }
}

/** What HTTP itself asks of a head (RFC 9110, 10.1.1; RFC 9112, 3.2). `100-continue` is Node's to follow. */
function judgeHttp({ headers, httpVersion }: IncomingMessage): Answer | undefined {
  if (headers.host === undefined && httpVersion === '1.1') {
    return answerProblem('invalid-request', 'There is no Host header, which HTTP/1.1 requires.')
  }
  const { expect } = headers
  if (expect === undefined || expect.toLowerCase() === '100-continue') return undefined
  return answerProblem('expectation-failed')
}

/** The codes of what Fastify refuses by itself. */
function codeOf(error: FastifyError): ProblemCode {
  switch (error.statusCode) {
    case 404:
      return 'not-found'
    case 413:
      return 'body-too-large'
    case 415:
      return 'unsupported-media-type'
    default:
      return error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500
        ? 'invalid-request'
        : 'internal'
  }
}

const PATHS: readonly { readonly path: RegExp; readonly allow: string }[] = [
  { path: /^\/v1\/events$/, allow: 'POST' },
  { path: /^\/v1\/types(\/[^/]+(\/schema)?)?$/, allow: 'GET, HEAD' },
  { path: /^\/(openapi\.json|asyncapi\.json|docs)$/, allow: 'GET, HEAD' },
]

function answerNotFound(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const path = request.url.split('?', 1)[0]!
  const known = PATHS.find((candidate) => candidate.path.test(path))
  if (!known || known.allow.split(', ').includes(request.method)) {
    return sendAnswer(reply, answerProblem('not-found'))
  }
  reply.header('allow', known.allow)
  return sendAnswer(reply, answerProblem('method-not-allowed', `Use ${known.allow}.`))
}

/** What is no HTTP never becomes a request: answered on the bare socket, which is closed. */
function answerMalformed(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const code = MALFORMED[error.code ?? ''] ?? 'invalid-request'
  const { status } = problems[code]
  const body = encodeProblem(code)
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: ${PROBLEM_JSON}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}

const REQUEST_TIMEOUT = 'ERR_HTTP_REQUEST_TIMEOUT'

const MALFORMED: Readonly<Record<string, ProblemCode>> = {
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  [REQUEST_TIMEOUT]: 'request-timeout',
}
