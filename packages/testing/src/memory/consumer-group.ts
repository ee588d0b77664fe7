import { KafkaError, type PartitionOffset, type TopicPartition } from '@sluice/kafka'
import { type Cluster, soon } from './cluster.ts'

/** What a group tells a member. */
export type Member = {
  readonly topics: readonly string[]
  assigned(partitions: readonly TopicPartition[], epoch: number): void
  revoked(): void
}

/**
 * A consumer group. Any change ends the epoch at once for every member; a turn of the event loop later, and not
 * during an outage, the next one begins. Several changes meanwhile make one epoch. Partition n of every topic
 * goes to the member n modulo the members that read the topic, in the order in which they joined.
 */
export type ConsumerGroup = {
  readonly epoch: () => number
  readonly members: () => readonly Member[]
  reads(topic: string): boolean
  join(member: Member): void
  leave(member: Member): void
  rebalance(): void
  /** -1 when nothing is committed. */
  committed(at: TopicPartition): number
  /**
   * Stricter than Kafka, which lets a member commit what another one owns.
   * @param sentIn the epoch in which the member sent it.
   * @throws KafkaError `commit-refused` unless that is the current one and `member` owns all of it.
   */
  commit(member: Member, offsets: readonly PartitionOffset[], sentIn: number): void
  /** @throws KafkaError `commit-refused` when the group has members. */
  commitFromOutside(offsets: readonly PartitionOffset[]): void
}

export function createConsumerGroup(cluster: Cluster): ConsumerGroup {
  let members: readonly Member[] = []
  let owned = new Map<Member, readonly TopicPartition[]>()
  let epoch = 0
  let changing = false
  const offsets = new Map<string, number>()

  const group: ConsumerGroup = {
    epoch: () => epoch,
    members: () => members,
    reads: (topic) => members.some((member) => member.topics.includes(topic)),
    join(member) {
      members = [...members, member]
      group.rebalance()
    },
    leave(member) {
      if (!members.includes(member)) return
      members = members.filter((other) => other !== member)
      owned.delete(member)
      group.rebalance()
    },
    rebalance() {
      const losers = [...owned.keys()]
      owned = new Map()
      if (!changing) soon(settle)
      changing = true
      for (const member of losers) member.revoked()
    },
    committed: (at) => offsets.get(keyOf(at)) ?? -1,
    commit(member, positions, sentIn) {
      const mine = sentIn === epoch ? owned.get(member) : undefined
      for (const { topic, partition } of positions) {
        if (mine?.some((one) => one.topic === topic && one.partition === partition)) continue
        const why =
          mine === undefined
            ? 'this member is not in the group, or the epoch has ended'
            : `it does not own ${topic} ${partition}`
        throw new KafkaError('commit-refused', `The memory broker refused a commit: ${why}.`)
      }
      for (const position of positions) offsets.set(keyOf(position), position.offset)
    },
    commitFromOutside(positions) {
      if (members.length > 0)
        throw new KafkaError('commit-refused', 'The memory broker refused a commit: the group has members.')
      for (const position of positions) offsets.set(keyOf(position), position.offset)
    },
  }
  return group

  function settle(): void {
    if (cluster.isDown()) {
      const stop = cluster.onChange(() => {
        if (cluster.isDown()) return
        stop()
        soon(settle)
      })
      return
    }
    changing = false
    epoch += 1
    owned = new Map(members.map((member) => [member, share(member)]))
    for (const [member, partitions] of [...owned]) {
      // One that joined or left while the others were told has already begun the next change.
      if (!changing) member.assigned(partitions, epoch)
    }
  }

  function share(member: Member): TopicPartition[] {
    return [...new Set(member.topics)].flatMap((topic) => {
      const readers = members.filter((other) => other.topics.includes(topic))
      const partitions = cluster.topics.get(topic)?.partitions.length ?? 0
      return Array.from({ length: partitions }, (_, partition) => ({ topic, partition })).filter(
        ({ partition }) => readers[partition % readers.length] === member,
      )
    })
  }
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic} ${partition}`
}
