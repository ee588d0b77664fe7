import { randomUUID } from 'node:crypto'
import type { CatalogueEntry } from '@sluice/events'
import { type KafkaClient, KafkaError, within } from '@sluice/kafka'
import { createSender } from '@sluice/operations'
import type { Logger, Metrics } from '@sluice/telemetry'
import Fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify'
import {
  encodeProblem,
  PROBLEM_JSON,
  type ProblemCode,
  type ProblemContext,
  problems,
  retryAfterOf,
} from '../problems.ts'
import { sendAnswer } from '../routes/send-answer.ts'
import { createAuthorise } from './authorise.ts'
import { deadLetterRoutes } from './dead-letters.ts'
import { decisionRoutes } from './decisions.ts'
import { jobRoutes } from './job-routes.ts'
import { createJobs } from './jobs.ts'
import { rejectedRoutes } from './rejected.ts'
import { replayRoutes } from './replays.ts'
import type { Route, RouteParts } from './route.ts'
import { rulesRoutes } from './rules.ts'

export type OperationsOptions = {
  readonly entries: readonly CatalogueEntry[]
  readonly kafka: KafkaClient
  /** ADMIN_TOKEN; absent: every request is refused. */
  readonly token: string | undefined
  readonly metrics: Metrics
  readonly log: Logger
  /** See `createRejudge`. */
  readonly rejudge: RouteParts['rejudge']
  readonly rules: RouteParts['rules']
  /** What this replica knows of decisions. */
  readonly decisions: RouteParts['decisions']
  readonly now?: () => number
}

/** What operators do, over HTTP, not yet listening: `server.routing` answers requests of the admin server. */
export type Operations = {
  readonly server: FastifyInstance
  readonly routes: readonly Route[]
  /** Stops running jobs after what they have in hand, within `graceMs`. */
  stop(graceMs: number): Promise<void>
}

/** Options are a few lines. */
const MAX_BODY_BYTES = 64 * 1024

/** The id of a decision, 256 characters, each as three bytes in percent notation. */
const MAX_PARAM_LENGTH = 256 * 9

/**
 * Dead letters, rejected events, replays, rules, decisions and jobs. Every request is first asked for the token, also one
 * for a path that is not there.
 * Each action is logged with who asked: never with a payload.
 */
export async function createOperations(options: OperationsOptions): Promise<Operations> {
  const { token, log, now = Date.now } = options
  const authorise = createAuthorise(token)
  const sender = createSender({ client: options.kafka, metrics: options.metrics, log })
  const jobs = createJobs({ now, newId: randomUUID })
  const parts = { ...options, now, sender, jobs, inTurn: createTurns() }
  const routes = [
    ...deadLetterRoutes(parts),
    ...rejectedRoutes(parts),
    ...replayRoutes(parts),
    ...rulesRoutes(parts),
    ...decisionRoutes(parts),
    ...jobRoutes(parts),
  ]

  const server = Fastify({
    logger: false,
    bodyLimit: MAX_BODY_BYTES,
    onProtoPoisoning: 'error',
    onConstructorPoisoning: 'error',
    routerOptions: { caseSensitive: true, ignoreTrailingSlash: false, maxParamLength: MAX_PARAM_LENGTH },
    frameworkErrors: (error, request, reply) =>
      void answerError(error, request as FastifyRequest, reply as FastifyReply),
  })
  server.removeContentTypeParser('text/plain')
  server.addHook('onRequest', (request, reply, next) => {
    reply.header('x-content-type-options', 'nosniff').header('content-security-policy', "default-src 'none'")
    const refused = authorise(request.headers.authorization)
    if (refused === undefined) return next()
    log.warn({ audit: true, ...askerOf(request), refused }, 'an operator was refused')
    if (refused === 'unauthenticated') reply.header('www-authenticate', 'Bearer realm="sluice"')
    sendProblem(reply, refused)
  })
  server.setErrorHandler(answerError)
  server.setNotFoundHandler((request, reply) => answerNotFound(routes, request, reply))
  for (const { method, path, maxBodyBytes, answer } of routes) {
    server.route({
      method,
      url: path,
      ...(maxBodyBytes !== undefined && { bodyLimit: maxBodyBytes }),
      async handler(request, reply) {
        const {
          status = 200,
          body,
          location,
          problem,
          audit,
        } = await answer({
          params: request.params as Readonly<Record<string, string>>,
          query: request.query as Readonly<Record<string, unknown>>,
          body: request.body,
          asker: askerOf(request),
        })
        if (audit) log.info({ audit: true, ...askerOf(request), ...audit }, 'an operator asked')
        if (problem) return sendProblem(reply, problem.code, problem)
        if (location) reply.header('location', location)
        return sendAnswer(reply, { status, contentType: 'application/json', body: JSON.stringify(body) })
      },
    })
  }
  await server.ready()

  function answerError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    if (error instanceof KafkaError) return sendProblem(reply, 'unavailable', { detail: error.message })
    if (error.name === 'TimeoutError')
      return sendProblem(reply, 'unavailable', { detail: 'Kafka does not answer.' })
    const code = codeOf(error)
    if (code === 'internal')
      log.error(
        { err: error, method: request.method, url: request.routeOptions.url },
        'a request failed: a bug',
      )
    return sendProblem(
      reply,
      code,
      code === 'unsupported-media-type' ? { detail: 'Use application/json.' } : {},
    )
  }

  return {
    server,
    routes,
    async stop(graceMs) {
      const begun = performance.now()
      await jobs.stop(graceMs)
      await within(Math.max(0, graceMs - (performance.now() - begun)), sender.close())
      await server.close()
    },
  }
}

function createTurns(): RouteParts['inTurn'] {
  let last: Promise<unknown> = Promise.resolve()
  return function inTurn(work) {
    const next = last.then(work)
    last = next.catch(() => {})
    return next
  }
}

/** Who asked, as far as one token for all can tell. */
function askerOf({ ip, method, url }: FastifyRequest) {
  return { remote: ip, method, path: url.split('?', 1)[0] }
}

function sendProblem(reply: FastifyReply, code: ProblemCode, context: ProblemContext = {}): FastifyReply {
  return sendAnswer(reply, {
    status: problems[code].status,
    contentType: PROBLEM_JSON,
    body: encodeProblem(code, context),
    retryAfter: retryAfterOf(code),
  })
}

function codeOf({ code, statusCode }: FastifyError): ProblemCode {
  if (code === 'FST_ERR_CTP_EMPTY_JSON_BODY') return 'empty-body'
  if (code === 'FST_ERR_CTP_INVALID_JSON_BODY') return 'invalid-json'
  if (statusCode === 413) return 'body-too-large'
  if (statusCode === 415) return 'unsupported-media-type'
  return statusCode !== undefined && statusCode >= 400 && statusCode < 500 ? 'invalid-request' : 'internal'
}

function answerNotFound(
  routes: readonly Route[],
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const path = request.url.split('?', 1)[0]!
  const allowed = routes.filter((route) => patternOf(route.path).test(path)).map(({ method }) => method)
  if (allowed.length === 0) {
    const known = [...new Set(routes.map((route) => route.path))].join(', ')
    return sendProblem(reply, 'not-found', { detail: `On this port there are ${known}.` })
  }
  const allow = allowed.join(', ')
  reply.header('allow', allow)
  return sendProblem(reply, 'method-not-allowed', { detail: `Use ${allow}.` })
}

/** A route's path with `:name` for a part. */
function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replace(/:[a-z]+/g, '[^/]+')}$`)
}
