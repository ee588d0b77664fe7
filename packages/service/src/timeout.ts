import { HandlerTimeoutError } from './errors.ts'

/**
 * The answer, or a rejection with `HandlerTimeoutError` after `ms`: `abort` is told, and a late answer is
 * dropped. A handler that blocks the event loop cannot be interrupted by anything.
 */
export function timeout<Result>(
  answer: Promise<Result>,
  ms: number,
  abort: (reason: Error) => void,
): Promise<Result> {
  const { promise, resolve, reject } = Promise.withResolvers<Result>()
  const timer = setTimeout(() => {
    const error = new HandlerTimeoutError(`The handler did not answer within ${ms} ms.`)
    reject(error)
    abort(error)
  }, ms)
  answer.then(resolve, reject).finally(() => clearTimeout(timer))
  return promise
}
