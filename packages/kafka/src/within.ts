/**
 * Waits for `work`, at most `ms`, and does not tell which of the two ended the wait. Rejects as `work` does, unless
 * that comes too late: then nobody hears of it. The work itself goes on.
 */
export async function within(ms: number, work: Promise<void>): Promise<void> {
  const { promise: expired, resolve: expire } = Promise.withResolvers<void>()
  const timer = setTimeout(expire, ms)
  try {
    await Promise.race([work, expired])
  } finally {
    clearTimeout(timer)
  }
}
