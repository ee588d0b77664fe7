import fc from 'fast-check'
import { Partitioners } from 'kafkajs'
import { describe, expect, test } from 'vitest'
import { partitionOf } from './partition.ts'

const javas = Partitioners.JavaCompatiblePartitioner()
const metadata = (partitions: number) =>
  Array.from({ length: partitions }, (_, partitionId) => ({ partitionId, leader: 0 }))

function partitionInJava(key: string, partitions: number): number {
  const message = { key, value: null }
  return javas({ topic: 'any', partitionMetadata: metadata(partitions) as never, message })
}

describe('partitionOf', () => {
  test('agrees with the Java client for any key', () => {
    const key = fc.oneof(
      fc.string({ maxLength: 40 }),
      fc.string({ unit: 'grapheme', maxLength: 40 }),
      fc.string({ unit: 'binary', maxLength: 40 }),
    )
    fc.assert(
      fc.property(key, fc.integer({ min: 1, max: 200 }), (key, partitions) => {
        expect(partitionOf(key, partitions)).toBe(partitionInJava(key, partitions))
      }),
      { numRuns: 2000 },
    )
  })

  test('agrees with the Java client when only the last characters are not ASCII', () => {
    for (const key of ['abcdé', 'abcdeé', 'abcdefé', 'abcdefgé', 'é', '', 'abcd\u{1f600}']) {
      expect(partitionOf(key, 97)).toBe(partitionInJava(key, 97))
    }
  })
})
