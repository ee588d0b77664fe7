import { readFile } from 'node:fs/promises'
import { isDeepStrictEqual } from 'node:util'

export type FollowOptions = {
  readonly paths: readonly string[]
  readonly everyMs: number
  /** Takes the contents, in the order of the paths. When it throws, what was taken before stays in force. */
  apply(contents: readonly string[]): void
  /** Called for each later state of the files once: with why it cannot be used, or with nothing when it is in force. */
  report(error: Error | undefined): void
}

/**
 * Reads files that belong together, and again and again to see whether they changed. Their contents are compared, so it
 * does not matter how they are replaced: written in place, renamed over, or behind a link as Kubernetes does.
 * Rejects when they cannot be read or used the first time.
 */
export async function followFiles(options: FollowOptions): Promise<{ stop(): void }> {
  const { paths, everyMs, apply, report } = options
  const read = () => Promise.all(paths.map((path) => readFile(path, 'utf8')))
  let seen: readonly string[] | string = await read()
  apply(seen)
  let isLooking = false

  async function look(): Promise<void> {
    if (isLooking) return
    isLooking = true
    const found = await read().catch(toError)
    isLooking = false
    const state = found instanceof Error ? found.message : found
    if (isDeepStrictEqual(state, seen)) return
    seen = state
    report(found instanceof Error ? found : attempt(() => apply(found)))
  }

  const timer = setInterval(look, everyMs).unref()
  return { stop: () => clearInterval(timer) }
}

function attempt(run: () => void): Error | undefined {
  try {
    run()
    return undefined
  } catch (error) {
    return toError(error)
  }
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
