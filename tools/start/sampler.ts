import type { MetricsJson, Sample } from './measure.ts'

/** Reads the metrics of processes that come and go. */
export type Sampler = {
  /** Asks all admin servers at once. One that does not answer is `silent` and keeps its last metrics. */
  sample(): Promise<{ readonly before: Sample; readonly after: Sample }>
}

/** Rates are taken over so many samples, so that the numbers on the screen are calm. */
const WINDOW = 6
const TIMEOUT_MS = 900

export function createSampler(admins: ReadonlyMap<string, string>): Sampler {
  const window: Sample[] = []
  let known: ReadonlyMap<string, MetricsJson> = new Map()
  return {
    async sample() {
      const answers = await Promise.all(
        [...admins].map(async ([name, admin]) => [name, await fetchMetrics(admin)] as const),
      )
      const metrics = new Map(known)
      const silent = new Set<string>()
      for (const [name, answer] of answers) {
        if (answer === undefined) silent.add(name)
        else metrics.set(name, answer)
      }
      known = metrics
      const after: Sample = { atMs: performance.now(), metrics, silent }
      window.push(after)
      if (window.length > WINDOW) window.shift()
      return { before: window[0]!, after }
    },
  }
}

async function fetchMetrics(admin: string): Promise<MetricsJson | undefined> {
  try {
    const response = await fetch(`${admin}/metrics`, {
      headers: { accept: 'application/json' },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    if (!response.ok) return undefined
    const metrics: unknown = await response.json()
    return Array.isArray(metrics) ? (metrics as MetricsJson) : undefined
  } catch {
    return undefined // restarting, or stopping
  }
}
