import type { FastifyReply } from 'fastify'
import type { Answer } from '../results.ts'

/** Sends an answer as it stands. Nothing happens when the client is gone. */
export function sendAnswer(reply: FastifyReply, answer: Answer): FastifyReply {
  const { status, contentType, body, retryAfter } = answer
  if (retryAfter !== undefined) reply.header('retry-after', retryAfter)
  return reply
    .code(status)
    .header('content-type', contentType)
    .header('cache-control', 'no-store')
    .serializer(asItStands)
    .send(body)
}

/**
 * To text without a serializer Fastify would add a charset parameter, which these media types do not have. Bytes
 * would do, too, but head and body of text go out in one write.
 */
function asItStands(body: unknown): string {
  return body as string
}
