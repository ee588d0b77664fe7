import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type DeadLetter, toDeadLetter } from './dead-letter.ts'
import type { IncomingRecord } from './port.ts'

const letter: DeadLetter = {
  service: 'billing',
  reason: 'handler',
  attempts: 5,
  firstFailedAt: Date.UTC(2025, 0, 2, 3, 4, 5, 6),
  error: new RangeError('no such account'),
}

const record: IncomingRecord = {
  topic: 'events.order-placed.high',
  partition: 3,
  offset: 42,
  timestamp: 1_700_000_000_123,
  key: Buffer.from('customer'),
  value: Buffer.from('{}'),
  headers: {},
  bytes: 10,
}

const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array))

describe('toDeadLetter', () => {
  test('keeps key, value and headers byte for byte', () => {
    const header = fc.oneof(bytes, fc.array(bytes, { minLength: 2, maxLength: 3 }))
    const names = fc.string().filter((name) => !name.startsWith('dlq-') && name !== '__proto__')
    fc.assert(
      fc.property(
        fc.option(bytes),
        fc.option(bytes),
        fc.dictionary(names, header, { maxKeys: 5 }),
        (key, value, headers) => {
          const dead = toDeadLetter({ ...record, key, value, headers }, letter, 'events.x.billing.dlq')
          expect(dead.key).toBe(key)
          expect(dead.value).toBe(value)
          for (const [name, held] of Object.entries(headers)) expect(dead.headers![name]).toBe(held)
        },
      ),
    )
  })

  test('of a retry copy it is the dead letter of the original', () => {
    const copy = { ...record, topic: 'retry', offset: 7, headers: { kept: 'a', 'sluice-hop': '3' } }
    const { topic, partition, offset, timestamp } = record
    const origin = { topic, partition, offset, timestamp }
    const dead = toDeadLetter(copy, { ...letter, origin, withoutHeaders: ['sluice-hop'] }, 'dlq')
    expect(dead).toEqual(toDeadLetter({ ...record, headers: { kept: 'a' } }, letter, 'dlq'))
  })

  test('says where it came from and what went wrong', () => {
    const dead = toDeadLetter(record, letter, 'events.order-placed.billing.dlq')
    expect(dead).toMatchObject({
      topic: 'events.order-placed.billing.dlq',
      partition: 0,
      lane: 'dead-letter',
    })
    expect(dead.headers).toEqual({
      'dlq-original-topic': 'events.order-placed.high',
      'dlq-original-partition': '3',
      'dlq-original-offset': '42',
      'dlq-original-timestamp': '1700000000123',
      'dlq-service': 'billing',
      'dlq-attempts': '5',
      'dlq-first-failed-at': '2025-01-02T03:04:05.006Z',
      'dlq-reason': 'handler',
      'dlq-error-type': 'RangeError',
      'dlq-error-message': 'no such account',
      'dlq-stack': letter.error.stack!,
      'dlq-replay-count': '0',
      'kafka_dlt-original-topic': 'events.order-placed.high',
    })
  })

  test('keeps the replay count of an earlier dead letter and replaces the rest', () => {
    const earlier = {
      'dlq-replay-count': Buffer.from('2'),
      'dlq-reason': Buffer.from('schema'),
      'dlq-service': Buffer.from('other'),
    }
    const { headers } = toDeadLetter({ ...record, headers: earlier }, letter, 'dlq')
    expect(headers).toMatchObject({
      'dlq-replay-count': '2',
      'dlq-reason': 'handler',
      'dlq-service': 'billing',
    })
  })

  test('cuts message and stack to their bytes, between characters', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'é', '€', '😀', '한'), maxLength: 3000, size: 'max' })
    fc.assert(
      fc.property(text, text, (message, stack) => {
        const error = Object.assign(new Error(message), { stack })
        const { headers } = toDeadLetter(record, { ...letter, error }, 'dlq')
        expectCut(headers!['dlq-error-message'] as string, message, 1024)
        expectCut(headers!['dlq-stack'] as string, stack, 4096)
      }),
      // Shrinking texts of this length takes minutes.
      { endOnFailure: true },
    )
  })

  test('has an empty stack for an error without one', () => {
    const error = new Error('bare')
    delete error.stack
    expect(toDeadLetter(record, { ...letter, error }, 'dlq').headers).toMatchObject({ 'dlq-stack': '' })
  })
})

/** A prefix of whole characters, as long as fits: the next one would have been too much. */
function expectCut(cut: string, whole: string, limit: number): void {
  expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(limit)
  expect(whole.startsWith(cut)).toBe(true)
  expect(cut.isWellFormed()).toBe(true)
  const next = [...whole.slice(cut.length)][0]
  if (next !== undefined) expect(Buffer.byteLength(cut + next)).toBeGreaterThan(limit)
}
