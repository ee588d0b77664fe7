import type { IncomingHttpHeaders } from 'node:http'
import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { type Counter, INGEST_REQUESTS, type Logger, type Metrics } from '@sluice/telemetry'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isTraceparent } from '../body/attributes.ts'
import { type CollectedBody, collectBody } from '../body/collect.ts'
import { CODINGS, codingOf, decompress } from '../body/decompress.ts'
import { type BodyForm, bodyFormOf, MEDIA_TYPES, NDJSON } from '../body/media-type.ts'
import { readBody } from '../body/read-body.ts'
import { isBinaryMode } from '../body/read-cloudevents.ts'
import type { Credential } from '../credentials/credential.ts'
import { createHeldKeys } from '../held-keys.ts'
import { type IdOfIndex, idsFromKey, parseIdempotencyKey } from '../idempotence/key.ts'
import type { Ingest } from '../ingest.ts'
import { type Answer, answerBatch, answerOne, answerProblem } from '../results.ts'
import { answerLines } from './answer-lines.ts'
import { paceIngest } from './pace-ingest.ts'
import { sendAnswer } from './send-answer.ts'

export type IngestRouteOptions = {
  readonly ingest: Ingest
  readonly maxBodyBytes: number
  readonly maxBatchEvents: number
  /** How large one event may be when it is stored. */
  readonly maxEventBytes: number
  /** How long a stream of events may stand still before it is ended, in ms. */
  readonly stallMs?: number
  /** The sockets whose request may take any time. */
  readonly streaming: WeakSet<Socket>
  readonly metrics: Metrics
  readonly log: Logger
}

/**
 * `POST /v1/events`. Media type → body → candidates → ingest → answer; each step may answer first.
 * Bodies are read by this route alone, and by our own readers: see {@link collectBody} and {@link answerLines}.
 */
export async function ingestRoute(server: FastifyInstance, options: IngestRouteOptions): Promise<void> {
  const { ingest, maxBodyBytes, maxBatchEvents, maxEventBytes, streaming, log } = options
  const stallMs = options.stallMs ?? STALL_MS
  const bodyLimits = { maxBatchEvents, maxValues: Math.floor(maxBodyBytes / MIN_BYTES_PER_VALUE) }
  /** Each ends the stream that it belongs to. */
  const stops = new Set<() => void>()
  const countAnswer = countByStatus(options.metrics)

  // Each by its name: what only the catch-all takes, Fastify parses and looks up anew for each request.
  server.addContentTypeParser([...MEDIA_TYPES, '*'], (request: FastifyRequest, payload: Readable, done) => {
    // Lines are read while they are answered.
    if (formOf(request.headers) === 'lines') done(null)
    else collectBody(plain(request, payload), maxBodyBytes, done, payload)
  })

  server.addHook('preClose', async () => {
    for (const stop of stops) stop()
  })

  // When the answer is handed over, not onResponse: to learn when it was written costs a request two listeners.
  server.addHook('onSend', ({ credential }, reply, _payload, done) => {
    countAnswer(reply.statusCode)
    sayLimits(credential, reply)
    done()
  })

  // Callbacks, not async functions: each of those costs a request several promises.
  server.post('/v1/events', {
    config: { action: 'post-events' },
    onRequest(request, reply, next) {
      const problem = judgeHead(request)
      if (problem) sendAnswer(reply, problem)
      else if (codingOf(request.headers['content-encoding']) === undefined) {
        // Not with other problems: there it would say that this is one (RFC 9110, 15.5.16).
        reply.header('accept-encoding', CODINGS)
        const detail = `This Content-Encoding is not supported. Use one of ${CODINGS}, or none.`
        sendAnswer(reply, answerProblem('unsupported-media-type', detail))
      } else next()
    },
    handler: answerEvents,
  })

  function plain({ headers }: FastifyRequest, sent: Readable): Readable {
    return decompress(sent, codingOf(headers['content-encoding'])!, maxBodyBytes)
  }

  function answerEvents(request: FastifyRequest, reply: FastifyReply): FastifyReply | Promise<void> {
    const { headers, credential } = request
    const form = formOf(headers)!
    if (form === 'lines') return answerStream(request, reply)
    // Undefined: there is no body, so no parser was called.
    const body = request.body as CollectedBody | undefined
    if (typeof body === 'string') {
      if (!request.raw.complete) reply.header('connection', 'close')
      const detail =
        body === 'body-too-large' ? `A body may have at most ${maxBodyBytes} bytes, decompressed.` : undefined
      return sendAnswer(reply, answerProblem(body, detail))
    }
    const read = readBody(form, request.raw, body ?? EMPTY, bodyLimits)
    if (read.kind === 'problem') return sendAnswer(reply, answerProblem(read.code, read.detail))
    const { kind, candidates } = read
    // What waits for Kafka must not hold what was read: the collector would carry it along, and that is most of it.
    return ingest(candidates, {
      credential,
      traceparent: traceparentOf(request),
      idOf: idOfIndex(headers),
    }).then((results) => {
      if (kind === 'one') {
        sendAnswer(reply, withWait(answerOne(results[0]!), credential, 1))
        return
      }
      const minimal = wantsMinimal(headers['prefer'])
      if (minimal) reply.header('preference-applied', 'return=minimal')
      sendAnswer(reply, withWait(answerBatch(results, minimal), credential, results.length))
    })
  }

  function answerStream(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const { raw } = request
    const { socket } = raw
    const minimal = wantsMinimal(request.headers['prefer'])
    const common = {
      credential: request.credential,
      traceparent: traceparentOf(request),
      idOf: idOfIndex(request.headers),
      held: createHeldKeys(),
    }
    const stopping = new AbortController()
    const stream = answerLines(plain(request, raw), raw, {
      ingest: paceIngest(
        (candidates, firstIndex) => ingest(candidates, { ...common, firstIndex }),
        request.credential.admission,
        stopping.signal,
      ),
      maxLineBytes: 2 * maxEventBytes,
      minimal,
      stallMs,
      log,
    })
    let stopped = false
    const stop = () => {
      stopped = true
      stopping.abort()
      stream.stop()
    }
    stops.add(stop)
    streaming.add(socket)
    stream.answer.once('close', () => {
      stops.delete(stop)
      streaming.delete(socket)
    })
    reply.raw.once('finish', () => {
      // Of what still comes nobody wants to know. A connection that is free again stays: its client may use it already.
      if (stopped || !(raw.complete || raw.readableEnded)) socket.destroySoon()
    })
    if (minimal) reply.header('preference-applied', 'return=minimal')
    reply.header('content-type', NDJSON).header('cache-control', 'no-store').send(stream.answer)
    // Not with the first result: who waits for the head before sending would wait for ever.
    reply.raw.flushHeaders()
    return reply
  }
}

/** Longer than the heartbeats of common clients and proxies; they may send blank lines. */
const STALL_MS = 30_000

/** Whatever the answer, so that who is near a limit can slow down before it is met. Null: who asks is not known. */
function sayLimits(credential: Credential | null, reply: FastifyReply): void {
  const policy = credential?.admission.policy
  if (policy === undefined) return
  reply.header('ratelimit-policy', policy).header('ratelimit', credential!.admission.remaining())
}

/** What is over its credential's rate says when there will be room for it. */
function withWait(answer: Answer, { admission }: Credential, events: number): Answer {
  if (answer.status !== 429) return answer
  return { ...answer, retryAfter: Math.max(1, Math.ceil(admission.secondsUntil(events))) }
}

/**
 * In the largest body, on average; events have three times as many. A member with a name of its own takes microseconds
 * to read and refuse: 8 MiB of nothing else would stop everything for seconds, or fill the heap.
 */
const MIN_BYTES_PER_VALUE = 16

const EMPTY = Buffer.alloc(0)

function countByStatus(metrics: Metrics): (status: number) => void {
  const cells = new Map<number, Counter>()
  return (status) => {
    let cell = cells.get(status)
    if (!cell) {
      cell = metrics.counter(INGEST_REQUESTS, { status: String(status) })
      cells.set(status, cell)
    }
    cell.add(1)
  }
}

function formOf(headers: IncomingHttpHeaders): BodyForm | undefined {
  return bodyFormOf(headers['content-type'], () => isBinaryMode(headers))
}

/** What can be told before the body is read. */
function judgeHead({ headers }: FastifyRequest): Answer | undefined {
  const contentType = headers['content-type']
  if (formOf(headers) === undefined) {
    const what =
      contentType === undefined ? 'There is no Content-Type.' : 'This Content-Type is not supported.'
    return answerProblem('unsupported-media-type', `${what} ${SUPPORTED}`)
  }
  const key = headers[IDEMPOTENCY_KEY]
  if (key !== undefined && parseIdempotencyKey(String(key)) === undefined) {
    return answerProblem('invalid-idempotency-key')
  }
  return undefined
}

const SUPPORTED =
  'Use application/json, application/cloudevents+json, application/cloudevents-batch+json or application/x-ndjson, in UTF-8.'

const IDEMPOTENCY_KEY = 'idempotency-key'

/** Of a head that was judged. */
function idOfIndex({ [IDEMPOTENCY_KEY]: key }: FastifyRequest['headers']): IdOfIndex | undefined {
  return key === undefined ? undefined : idsFromKey(parseIdempotencyKey(String(key))!)
}

/** A header that is wrong is as good as none: the trace starts anew (Trace Context, 3.2.2). */
function traceparentOf({ headers }: FastifyRequest): string | undefined {
  const value = headers['traceparent']
  return typeof value === 'string' && isTraceparent(value) ? value : undefined
}

/** RFC 7240, 4.2. */
function wantsMinimal(prefer: string | string[] | undefined): boolean {
  return prefer !== undefined && /(^|[,\s])return\s*=\s*"?minimal"?\s*($|[,;])/i.test(String(prefer))
}
