/** A running job, by the REST interface of its cluster. */
export type JobMonitor = {
  /** What Flink calls its state, and `RUNNING` only when all of its tasks run. */
  state(): Promise<string>
  /** Sums since the job was last started or restored. Flink takes them together every few seconds. */
  counts(): Promise<JobCounts>
  /** Why it failed, if it did. */
  failure(): Promise<string | undefined>
}

export type JobCounts = {
  /** Records that came too late for their window or pattern, and were dropped. */
  readonly late: number
  /** Records that were no event of their type. */
  readonly unreadable: number
  /** Records read of all topics; and those that are JSON, which jobs read once more where no event is framed. */
  readonly read: number
  readonly plain: number
  /** When the last checkpoint was complete, milliseconds since the epoch; absent: there was none yet. */
  readonly checkpointAt: number | undefined
}

export function monitorJob(rest: string, id: string): JobMonitor {
  const job = `${rest}/jobs/${id}`
  const ask = async <Answer>(path: string): Promise<Answer> => {
    const response = await fetch(`${job}${path}`)
    if (!response.ok) throw new Error(`Flink answers ${response.status} to ${path}`)
    return (await response.json()) as Answer
  }
  return {
    async state() {
      const { state, vertices } = await ask<{ state: string; vertices: { status: string }[] }>('')
      if (state === 'RUNNING' && vertices.some(({ status }) => status !== 'RUNNING')) return 'INITIALIZING'
      return state
    },
    async counts() {
      const { vertices } = await ask<{ vertices: { id: string }[] }>('')
      const found = await Promise.all(vertices.map(({ id }) => metricsOf(ask, id)))
      const sum = (wanted: RegExp) =>
        found.flat().reduce((total, { id, value }) => (wanted.test(id) ? total + Number(value) : total), 0)
      const { latest } = await ask<{ latest: { completed: { latest_ack_timestamp: number } | null } }>(
        '/checkpoints',
      )
      return {
        late: sum(/\.numLateRecordsDropped$|__late[^.]*\.numRecordsIn$/),
        unreadable: sum(/unreadable[^.]*\.numRecordsIn$/),
        read: sum(/\.Source__[^.]*_records\b[^.]*\.numRecordsOut$/),
        plain: sum(/\.Source__[^.]*_plain\b[^.]*\.numRecordsOut$/),
        checkpointAt: latest.completed?.latest_ack_timestamp,
      }
    },
    async failure() {
      const { exceptionHistory } = await ask<{ exceptionHistory: { entries: { stacktrace: string }[] } }>(
        '/exceptions',
      )
      return exceptionHistory.entries[0]?.stacktrace
    },
  }
}

type Ask = <Answer>(path: string) => Promise<Answer>

async function metricsOf(ask: Ask, vertex: string): Promise<{ id: string; value: string }[]> {
  const path = `/vertices/${vertex}/metrics`
  const names = (await ask<{ id: string }[]>(path)).map(({ id }) => id)
  const wanted = names.filter((name) => /\.(numLateRecordsDropped|numRecordsIn|numRecordsOut)$/.test(name))
  if (wanted.length === 0) return []
  return ask(`${path}?get=${wanted.map(encodeURIComponent).join(',')}`)
}
