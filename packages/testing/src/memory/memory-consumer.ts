import {
  type Consumer,
  type ConsumerListener,
  type ConsumerOptions,
  KafkaError,
  type TopicPartition,
} from '@sluice/kafka'
import { type Cluster, soon } from './cluster.ts'
import type { Member } from './consumer-group.ts'
import { read } from './topic-log.ts'

/** What the broker can do to a consumer. */
export type MemoryConsumer = Consumer & {
  readonly group: string
  readonly isMember: () => boolean
  crash(error: Error): void
  /** Drops it from the group without a word, as when its session runs out: it goes on reading what it had. */
  expel(): void
  /** What a client does when it learns of that. */
  rejoin(): void
}

/** Reads once per turn of the event loop, at most `fetchRecords` of each partition. */
export function createMemoryConsumer(
  cluster: Cluster,
  options: ConsumerOptions,
  fetchRecords: number,
  gone: () => void,
): MemoryConsumer {
  const group = cluster.group(options.group)
  const positions = new Map<string, { at: TopicPartition; next: number; paused: boolean }>()
  let listener: ConsumerListener | undefined
  let state: 'new' | 'running' | 'ended' = 'new'
  let scheduled = false
  let unwatch = () => {}

  const member: Member = {
    topics: options.topics,
    assigned(partitions, epoch) {
      positions.clear()
      for (const at of partitions) positions.set(keyOf(at), { at, next: start(at), paused: false })
      const standing = partitions.map((at) => {
        const { low, end } = cluster.partition(at)!
        return { ...at, committed: group.committed(at), low, high: end }
      })
      listener?.assigned(standing, epoch)
      wake()
    },
    revoked() {
      positions.clear()
      listener?.revoked()
    },
  }

  function start(at: TopicPartition): number {
    const committed = group.committed(at)
    return committed >= 0 ? committed : cluster.partition(at)!.low
  }

  function wake(): void {
    if (scheduled || state !== 'running') return
    scheduled = true
    soon(fetch)
  }

  function fetch(): void {
    scheduled = false
    if (state !== 'running' || cluster.isDown()) return
    for (const [key, position] of [...positions]) {
      const log = cluster.partition(position.at)!
      // The listener may have paused it, or lost it, while it was told of another partition.
      if (position.paused || positions.get(key) !== position || position.next >= log.end) continue
      const { records, end } = read(log, Math.max(position.next, log.low), fetchRecords)
      position.next = end
      if (end < log.end) wake()
      listener?.records(position.at, records, end, log.end)
    }
  }

  function end(): void {
    state = 'ended'
    unwatch()
    positions.clear()
    group.leave(member)
    gone()
  }

  function setPaused(partitions: readonly TopicPartition[], paused: boolean): void {
    for (const at of partitions) {
      const position = positions.get(keyOf(at))
      if (position) position.paused = paused
    }
    wake()
  }

  return {
    group: options.group,
    isMember: () => group.members().includes(member),
    async start(to) {
      if (state !== 'new') throw new TypeError('This consumer was started before.')
      state = 'running'
      listener = to
      unwatch = cluster.onChange(wake)
      group.join(member)
    },
    pause: (partitions) => setPaused(partitions, true),
    resume: (partitions) => setPaused(partitions, false),
    seek(to) {
      const position = positions.get(keyOf(to))
      if (position) position.next = to.offset
      wake()
    },
    async commit(offsets) {
      const sentIn = group.epoch()
      await new Promise<void>(soon)
      cluster.requireUp()
      if (state !== 'running') throw new KafkaError('commit-refused', 'This consumer has left the group.')
      group.commit(member, offsets, sentIn)
    },
    async close() {
      if (state !== 'ended') end()
    },
    crash(error) {
      const to = listener
      end()
      to?.crashed(error)
    },
    expel() {
      group.leave(member)
    },
    rejoin() {
      if (state !== 'running') return
      member.revoked()
      group.join(member)
    },
  }
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic} ${partition}`
}
