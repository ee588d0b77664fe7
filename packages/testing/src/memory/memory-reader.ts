import { KafkaError, type PartitionOffset, type Reader } from '@sluice/kafka'
import { type Cluster, soon } from './cluster.ts'
import { read } from './topic-log.ts'

/** Reads a partition once per turn of the event loop, at most `fetchRecords`, and only when it is asked for more. */
export function createMemoryReader(cluster: Cluster, fetchRecords: number): Reader {
  const closing = new AbortController()

  return {
    async *read(from, { to = [], signal } = {}) {
      const ending = signal ? AbortSignal.any([signal, closing.signal]) : closing.signal
      let open = from
        .map((at) => ({
          ...at,
          bound: to.find((bound) => isSame(at, bound))?.offset ?? Number.POSITIVE_INFINITY,
        }))
        .filter(({ offset, bound }) => offset < bound)
      for (const at of open) {
        if (cluster.partition(at) === undefined)
          throw new KafkaError('kafka-refused', `There is no partition ${at.partition} of ${at.topic}.`)
      }
      let news = Promise.withResolvers<void>()
      const wake = () => news.resolve()
      const unwatch = cluster.onChange(wake)
      ending.addEventListener('abort', wake)
      try {
        while (open.length > 0 && !ending.aborted) {
          // Before the pass: what comes for a partition that was looked at already must wake it too.
          news = Promise.withResolvers()
          let idle = true
          for (const position of open) {
            await new Promise<void>(soon)
            const log = cluster.partition(position)!
            if (ending.aborted) return
            if (cluster.isDown() || position.offset === log.end) continue
            idle = false
            const { topic, partition, offset, bound } = position
            const start = offset < log.low || offset > log.end ? log.low : offset
            const { records, end } = read(log, start, fetchRecords)
            position.offset = end
            yield {
              topic,
              partition,
              records: records.filter((record) => record.offset < bound),
              end,
              highWatermark: log.end,
              lost: Math.max(0, start - offset),
            }
          }
          open = open.filter(({ offset, bound }) => offset < bound)
          if (idle) await news.promise
        }
      } finally {
        unwatch()
        ending.removeEventListener('abort', wake)
      }
    },
    async close() {
      closing.abort()
    },
  }
}

function isSame(a: PartitionOffset, b: PartitionOffset): boolean {
  return a.topic === b.topic && a.partition === b.partition
}
