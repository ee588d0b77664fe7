import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { assignCoPartitions } from './co-partition-assigner.ts'

const topicNames = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,6}$/), { minLength: 1, maxLength: 5 })
const memberIds = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 8 })
const numbersBelow = (count: number) => Array.from({ length: count }, (_, n) => n)

describe('assignCoPartitions', () => {
  test('gives every partition to exactly one member that reads its topic', () => {
    const groups = fc.tuple(topicNames, memberIds).chain(([topics, ids]) =>
      fc.record({
        counts: fc.tuple(
          ...topics.map((topic) => fc.tuple(fc.constant(topic), fc.integer({ min: 0, max: 20 }))),
        ),
        members: fc.tuple(
          ...ids.map((memberId) =>
            fc.record({ memberId: fc.constant(memberId), topics: fc.subarray(topics) }),
          ),
        ),
      }),
    )
    fc.assert(
      fc.property(groups, ({ counts, members }) => {
        const assignment = assignCoPartitions(
          members,
          new Map(counts.map(([topic, n]) => [topic, numbersBelow(n)])),
        )
        for (const [topic, count] of counts) {
          const readers = members.filter((member) => member.topics.includes(topic))
          const given = members.flatMap(({ memberId }) => assignment.get(memberId)?.[topic] ?? [])
          expect(given.toSorted((a, b) => a - b)).toEqual(readers.length > 0 ? numbersBelow(count) : [])
          for (const { memberId, topics } of members) {
            if (!topics.includes(topic)) expect(assignment.get(memberId)?.[topic]).toBeUndefined()
          }
        }
      }),
    )
  })

  test('gives one number of all topics to one member, evenly, whatever the order of members', () => {
    fc.assert(
      fc.property(topicNames, memberIds, fc.integer({ min: 1, max: 24 }), (topics, ids, count) => {
        const members = ids.map((memberId) => ({ memberId, topics }))
        const partitions = new Map(topics.map((topic) => [topic, numbersBelow(count)]))
        const assignment = assignCoPartitions(members, partitions)
        expect(assignCoPartitions(members.toReversed(), partitions)).toEqual(assignment)
        const held = ids.map((id) => {
          const lists = topics.map((topic) => assignment.get(id)?.[topic] ?? [])
          for (const list of lists) expect(list).toEqual(lists[0])
          return lists[0]!.length
        })
        expect(Math.max(...held) - Math.min(...held)).toBeLessThanOrEqual(1)
      }),
    )
  })
})
