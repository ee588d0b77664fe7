import type { FastifyReply } from 'fastify'
import type { Answer } from '../results.ts'

/** Sends an answer as it stands. Nothing happens when the client is gone. */
export function sendAnswer(reply: FastifyReply, answer: Answer): FastifyReply {
  const { status, contentType, body, retryAfter } = answer
  if (retryAfter !== undefined) reply.header('retry-after', retryAfter)
  // As bytes: to text Fastify would add a charset parameter, which these media types do not have.
  return reply
    .code(status)
    .header('content-type', contentType)
    .header('cache-control', 'no-store')
    .send(Buffer.from(body))
}
