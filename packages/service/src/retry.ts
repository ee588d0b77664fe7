import { type Backoff, backoffMs } from '@sluice/kafka'
import type { Breaker } from './breaker.ts'
import { OutputError, PoisonError, SchemaError } from './errors.ts'
import { pause } from './pause.ts'

export type RetryPolicy = Backoff & {
  /** The first one included. */
  readonly maxAttempts: number
}

/** How a record that could not be handled ended. */
export type GivenUp = { readonly error: Error; readonly attempts: number; readonly firstFailedAt: number }

/** Whether another attempt may succeed. The one place that decides. */
export function isRetryable(error: unknown): boolean {
  return !(error instanceof PoisonError || error instanceof SchemaError || error instanceof OutputError)
}

export type RetryOptions<Result> = {
  readonly policy: RetryPolicy
  /** While it is not closed, a failed attempt does not count; the next one is made when it lets it. */
  readonly breaker: Pick<Breaker, 'closed' | 'record' | 'withdraw' | 'wait'>
  /** Whether the first attempt began while the breaker was not closed. */
  readonly probe: boolean
  /** From the second one on. */
  attempt(attempt: number): Result | Promise<Result>
  retrying(attempt: number, error: Error): void
  giveUp(givenUp: GivenUp): Result
  /** Ends the waiting between attempts; the answer is then `undefined`. */
  readonly stopping: AbortSignal
}

/**
 * Tries in place until it works, cannot work, or has been tried often enough. `first` is the first attempt; it has
 * been made by the caller, who needs nothing of this when it answers at once.
 */
export async function retry<Result>(
  first: Promise<Result>,
  options: RetryOptions<Result>,
): Promise<Result | undefined> {
  const { policy, breaker, stopping } = options
  let answer = first
  let { probe } = options
  let firstFailedAt = 0
  for (let attempt = 1; ; ) {
    try {
      const result = await answer
      breaker.record(true, probe)
      return result
    } catch (thrown) {
      const error = toError(thrown)
      firstFailedAt ||= Date.now()
      if (!isRetryable(error)) {
        if (probe) breaker.withdraw()
        return options.giveUp({ error, attempts: attempt, firstFailedAt })
      }
      breaker.record(false, probe)
      if (breaker.closed) {
        if (attempt >= policy.maxAttempts) return options.giveUp({ error, attempts: attempt, firstFailedAt })
        options.retrying(attempt, error)
        await pause(backoffMs(attempt, policy, Math.random), stopping)
        attempt++
      }
    }
    if (!breaker.closed) await breaker.wait(stopping)
    if (stopping.aborted) return undefined
    probe = !breaker.closed
    answer = attemptSafely(options, attempt)
  }
}

/** Whatever a handler throws: what comes after can rely on an error's name, message and stack being texts. */
function toError(thrown: unknown): Error {
  if (thrown instanceof Error && [thrown.name, thrown.message, thrown.stack ?? ''].every(isText))
    return thrown
  if (isText(thrown)) return new Error(thrown)
  return new Error(`The handler threw what is no proper error (${typeof thrown}).`, { cause: thrown })
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

async function attemptSafely<Result>(options: RetryOptions<Result>, attempt: number): Promise<Result> {
  return options.attempt(attempt)
}
