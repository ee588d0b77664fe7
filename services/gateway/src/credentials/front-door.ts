import { type Metrics, UNAUTHENTICATED_REQUESTS } from '@sluice/telemetry'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { answerProblem } from '../results.ts'
import { sendAnswer } from '../routes/send-answer.ts'
import { type Authenticate, isRefused, type Refused } from './authenticate.ts'
import { type Action, authorise } from './authorise.ts'
import type { Credential } from './credential.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks. Set before a route sees the request; null where its action is for everybody and nobody is known. */
    credential: Credential
  }
  interface FastifyContextConfig {
    /** What a request to this route asks for. Without it nobody may. */
    readonly action?: Action
  }
}

/**
 * Asks every request who sends it, before its body is read; also one to a path that is not there, so that who is not known
 * learns nothing, but for what is for everybody. Then its route's action is authorised, and a request that posts counts among the credential's open ones.
 * @throws TypeError when a route is added that names no action
 */
export function guardFrontDoor(
  server: FastifyInstance,
  { authenticate, metrics }: { readonly authenticate: Authenticate; readonly metrics: Metrics },
): void {
  // Null until the hook: an object would be shared by all requests.
  server.decorateRequest('credential', null as unknown as Credential)
  server.addHook('onRequest', (request, reply, next) => {
    const who = authenticate(request.headers.authorization, request.raw.socket)
    if (who instanceof Promise) who.then((found) => identify(found, request, reply, next), next)
    else identify(who, request, reply, next)
  })
  server.addHook('onRoute', (route) => {
    const action = route.config?.action
    if (action === undefined) throw new TypeError(`The route ${route.url} does not say who may use it.`)
    route.onRequest = [guardOf(action), ...[route.onRequest ?? []].flat()]
  })

  function identify(
    who: Credential | Refused,
    request: FastifyRequest,
    reply: FastifyReply,
    next: Next,
  ): void {
    if (!isRefused(who)) {
      request.credential = who
      next()
      return
    }
    const { action } = request.routeOptions.config
    if (action !== undefined && authorise(null, action)) {
      next()
      return
    }
    metrics.counter(UNAUTHENTICATED_REQUESTS, { reason: who.reason }).add(1)
    if (who.refused === 'unauthenticated') reply.header('www-authenticate', 'Bearer realm="sluice"')
    sendAnswer(reply, answerProblem(who.refused, who.detail))
  }
}

type Next = () => void

function guardOf(action: Action) {
  return function guard({ credential }: FastifyRequest, reply: FastifyReply, next: Next): void {
    if (!authorise(credential, action)) {
      sendAnswer(reply, answerProblem('not-allowed'))
      return
    }
    if (action === 'post-events' && credential.admission.limitsRequests) {
      const { admission } = credential
      if (!admission.beginRequest()) {
        sendAnswer(reply, answerProblem('too-many-requests'))
        return
      }
      reply.raw.once('close', () => admission.endRequest())
    }
    next()
  }
}
