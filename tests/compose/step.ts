/** One line of the table. */
export type Step = { readonly name: string; readonly seconds: number; readonly seen: string }

/** Does a part of a trial; `work` returns what it saw, and rejects when something is not as it has to be. */
export async function step(name: string, work: () => Promise<string>): Promise<Step> {
  const started = performance.now()
  try {
    const seen = await work()
    return { name, seconds: (performance.now() - started) / 1000, seen }
  } catch (error) {
    throw new Error(`${name}: ${(error as Error).message}`, { cause: error })
  }
}
