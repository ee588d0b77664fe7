/** The wish to stop: Ctrl-C, `kill`, a closed terminal, or the end of whoever started us. */
export type StopSignal = {
  /** Resolves at the first signal. */
  readonly requested: Promise<void>
  isRequested(): boolean
  /** Waits for `ms`, or until a stop is requested. */
  within(ms: number): Promise<void>
  /** Somebody is impatient: a further signal, at least a second after the first. */
  onSecond(run: () => void): void
}

/**
 * A Ctrl-C reaches a start several times: from the terminal, and passed on by npm and by run.mjs. All within a
 * moment are one.
 */
const ONE_PRESS_MS = 1000

export function createStopSignal(
  source: NodeJS.EventEmitter = process,
  now: () => number = () => performance.now(),
): StopSignal {
  const { promise: requested, resolve } = Promise.withResolvers<void>()
  let first: number | undefined
  let second = () => {}

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    source.on(signal, () => {
      if (first === undefined) request()
      else if (now() - first >= ONE_PRESS_MS) second()
    })
  }
  source.on('disconnect', () => {
    if (first === undefined) request()
  })

  function request(): void {
    first = now()
    resolve()
  }

  return {
    requested,
    isRequested: () => first !== undefined,
    async within(ms) {
      let timer: NodeJS.Timeout | undefined
      const passed = new Promise<void>((done) => {
        timer = setTimeout(done, ms)
      })
      await Promise.race([passed, requested])
      clearTimeout(timer)
    },
    onSecond(run) {
      second = run
    },
  }
}
