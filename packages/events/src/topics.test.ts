import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LANES } from './lanes.ts'
import {
  deadLetterTopic,
  laneTopic,
  MAX_NAME_LENGTH,
  NAME_PATTERN,
  retryTopic,
  schemaSubject,
} from './topics.ts'

const name = fc.stringMatching(/^[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,8}){0,3}$/)

const everyTopic = (type: string, service: string) => [
  ...LANES.map((lane) => laneTopic(type, lane)),
  ...['5s', '30s', '10m'].map((delay) => retryTopic(type, service, delay)),
  deadLetterTopic(type, service),
]

describe('topic names', () => {
  it('read as the design says', () => {
    expect(laneTopic('order-placed', 'high')).toBe('events.order-placed.high')
    expect(retryTopic('order-placed', 'stock', '5s')).toBe('events.order-placed.stock.retry.5s')
    expect(deadLetterTopic('order-placed', 'stock')).toBe('events.order-placed.stock.dlq')
    expect(schemaSubject('order-placed')).toBe('events.order-placed')
  })

  it('are never the same for different types, services, lanes or delays', () => {
    fc.assert(
      fc.property(fc.uniqueArray(name, { minLength: 2, maxLength: 4 }), (names) => {
        const lanes = names.flatMap((type) => LANES.map((lane) => laneTopic(type, lane)))
        const others = names.flatMap((type) =>
          names.flatMap((service) => everyTopic(type, service).slice(LANES.length)),
        )
        const all = [...lanes, ...others]
        expect(new Set(all).size).toBe(all.length)
      }),
    )
  })

  it('do not collide in metrics, where Kafka turns dots into underscores', () => {
    fc.assert(
      fc.property(name, name, (type, service) => {
        for (const topic of everyTopic(type, service)) expect(topic).not.toContain('_')
      }),
    )
  })

  it('keep to the characters and the length that Kafka allows, at the longest names too', () => {
    const longest = 'x'.repeat(MAX_NAME_LENGTH)
    for (const topic of everyTopic(longest, longest)) {
      expect(topic).toMatch(/^[a-zA-Z0-9._-]+$/)
      expect(topic.length).toBeLessThanOrEqual(249)
    }
  })
})

describe('NAME_PATTERN', () => {
  it.each(['order-placed', 'a', 'order2-placed', 'x-1'])('takes %s', (valid) => {
    expect(valid).toMatch(NAME_PATTERN)
  })

  it.each(['', '-a', 'a-', 'a--b', 'A', 'a_b', 'a.b', '1a', 'ä', 'a b', '..'])('refuses "%s"', (invalid) => {
    expect(invalid).not.toMatch(NAME_PATTERN)
  })
})
