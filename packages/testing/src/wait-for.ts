import { setTimeout as delay } from 'node:timers/promises'

export type WaitForOptions = {
  /** Generous by default: it bounds a failure, never a success. */
  readonly timeoutMs?: number
  readonly intervalMs?: number
  /** What is waited for, or a function that says what there is instead; shown when it does not come true. */
  readonly describe?: string | (() => string)
  /** Gives it up. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Asks `condition` until it returns something truthy, and returns that. An error that it throws counts as
 * not yet.
 * @throws Error after `timeoutMs`, with what `describe` says and the last error as its cause; the signal's reason.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  options: WaitForOptions = {},
): Promise<Exclude<T, false | 0 | '' | null | undefined>> {
  const { timeoutMs = 15_000, intervalMs = 10, describe = 'the condition', signal } = options
  const deadline = Date.now() + timeoutMs
  for (;;) {
    signal?.throwIfAborted()
    let cause: unknown
    try {
      const result = await condition()
      if (result) return result as Exclude<T, false | 0 | '' | null | undefined>
    } catch (error) {
      cause = error
    }
    if (Date.now() >= deadline) {
      const what = typeof describe === 'string' ? describe : describe()
      throw new Error(`Waited ${timeoutMs} ms in vain for ${what}.`, { cause })
    }
    await delay(intervalMs)
  }
}
