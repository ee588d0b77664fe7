import { createHash, timingSafeEqual } from 'node:crypto'
import type { ProblemCode } from '../problems.ts'

/**
 * Who may do what operators do: whoever sends the token. The one place that decides; without a token nobody may.
 * Compares hashes in constant time, so that neither length nor content of the token can be timed.
 * @returns the problem of a request with this `Authorization`, or undefined when it may go on
 */
export function createAuthorise(
  token: string | undefined,
): (authorization: string | undefined) => ProblemCode | undefined {
  if (token === undefined) return () => 'operations-off'
  const expected = hash(token)
  return function authorise(authorization = '') {
    const [, given] = /^Bearer +(\S+)$/i.exec(authorization) ?? []
    return given !== undefined && timingSafeEqual(hash(given), expected) ? undefined : 'unauthenticated'
  }
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
