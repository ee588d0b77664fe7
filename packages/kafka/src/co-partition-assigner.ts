/** A member of the group and the topics that it reads. */
export type GroupMember = { readonly memberId: string; readonly topics: readonly string[] }

/** What one member is to read: partition numbers by topic. */
export type MemberPartitions = Record<string, number[]>

/**
 * Gives partition n of every topic to the same member, so that whatever belongs to one key (its window, its
 * order across lanes) is in one place. Numbers are dealt round the members in the order of their ids: the
 * numbers that two members hold differ by at most one, and the outcome depends on nothing else.
 *
 * Holds as long as all members read the same topics. Where they do not, as in a rolling upgrade that adds one,
 * a partition still goes to exactly one member that reads its topic. Not guaranteed: that a member keeps its
 * numbers when the group changes.
 */
export function assignCoPartitions(
  members: readonly GroupMember[],
  partitionsOf: ReadonlyMap<string, readonly number[]>,
): Map<string, MemberPartitions> {
  const sorted = members.toSorted((a, b) => (a.memberId < b.memberId ? -1 : 1))
  const assignment = new Map<string, MemberPartitions>(sorted.map(({ memberId }) => [memberId, {}]))
  for (const [topic, partitions] of partitionsOf) {
    const readers = sorted.filter(({ topics }) => topics.includes(topic))
    if (readers.length === 0) continue
    for (const partition of partitions) {
      const owned = assignment.get(readers[partition % readers.length]!.memberId)!
      owned[topic] ??= []
      owned[topic].push(partition)
    }
  }
  return assignment
}
