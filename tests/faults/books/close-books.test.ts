import { outputId } from '@sluice/events'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeCleanHistory, type OpenHistory } from './clean-history.ts'
import { closeBooks } from './close-books.ts'
import type { SentEvent } from './history.ts'

const history = fc
  .record({
    seed: fc.nat(),
    events: fc.integer({ min: 1, max: 80 }),
    troubled: fc.boolean(),
    outcomeTopic: fc.boolean(),
    redrives: fc.boolean(),
  })
  .map(makeCleanHistory)

describe('a clean history', () => {
  it('breaks no promise, whatever the faults around it were', () => {
    fc.assert(
      fc.property(history, (clean) => {
        expect(closeBooks(clean).violations).toEqual([])
      }),
      { numRuns: 100 },
    )
  })

  it('is counted', () => {
    const { totals } = closeBooks(quietHistory())
    expect(totals).toMatchObject({ sent: 60, lost: 0, doubled: 0, outOfOrder: 0, unknown: 0 })
    expect(totals.accepted + totals.filtered + totals.failed).toBe(60)
    expect(totals.handled).toBe(totals.stored)
    expect(totals.repeats).toEqual({ inputs: 0, outputs: 0, deadLetters: 0 })
  })

  it('may hold repeats with the same ids, which are counted apart', () => {
    const troubled = makeCleanHistory({ seed: 7, events: 200, troubled: true, outcomeTopic: false })
    const { totals, violations } = closeBooks(troubled)
    expect(violations).toEqual([])
    expect(totals.repeats.inputs).toBeGreaterThan(0)
    expect(totals.repeats.outputs).toBeGreaterThan(0)
    expect(totals.doubled).toBe(0)
  })
})

/** A bug, planted in a history without faults, and the promise that has to be named with the event's id. */
type Planted = readonly [name: string, invariant: string, plant: (open: OpenHistory) => string]

const PLANTED: readonly Planted[] = [
  [
    'an accepted event is dropped',
    'I1',
    (open) => {
      const event = someHandled(open)
      open.records = open.records.filter((record) => record.event?.id !== event.id && !follows(record, event))
      return event.id
    },
  ],
  [
    'an event that was called a duplicate was never stored',
    'I1',
    (open) => {
      const rejected = open.sent.findIndex(({ fate }) => fate === 'rejected')
      open.answers.push({ event: rejected, status: 'duplicate', at: 0 })
      return open.sent[rejected]!.id
    },
  ],
  [
    'a phantom is stored',
    'I2',
    (open) => {
      const like = open.records.find(({ event }) => event && event.causationid === undefined)!
      open.records.push({ ...like, offset: 10_000, event: { ...like.event!, id: 'phantom' } })
      return 'phantom'
    },
  ],
  [
    'an output is written under a second id',
    'I2',
    (open) => {
      const output = open.records.find(({ event }) => event?.causationid !== undefined)!
      open.records.push({ ...output, offset: 10_000, event: { ...output.event!, id: 'another' } })
      return 'another'
    },
  ],
  [
    'an output says that it was caused by another event',
    'I2',
    (open) => {
      const output = open.records.find(({ event }) => event?.causationid !== undefined)!
      output.event = { ...output.event!, causationid: 'nobody' }
      return 'nobody'
    },
  ],
  [
    'an output belongs to another tenant',
    'I2',
    (open) => {
      const output = open.records.find(({ event }) => event?.causationid !== undefined)!
      output.event = { ...output.event!, tenant: 'somebody-else' }
      return output.event.id
    },
  ],
  [
    'a dead letter names a record that is not there',
    'I2',
    (open) => {
      const letter = open.records.find(({ topic }) => topic.endsWith('.dlq'))!
      letter.headers = { ...letter.headers, 'dlq-original-offset': '777' }
      return letter.topic
    },
  ],
  [
    'a rejected event is stored',
    'I3',
    (open) => {
      const event = open.sent.find(({ fate }) => fate === 'rejected')!
      return storeAgain(open, event)
    },
  ],
  [
    'a refused event is stored',
    'I3',
    (open) => {
      const event = someHandled(open)
      open.answers = open.answers.map((answer) =>
        open.sent[answer.event] === event ? { ...answer, status: 'refused' as const } : answer,
      )
      return event.id
    },
  ],
  [
    'a filtered event is stored',
    'I3',
    (open) => storeAgain(open, open.sent.find(({ fate }) => fate === 'filtered')!),
  ],
  [
    'the wrong rule filters',
    'I3',
    (open) => {
      const answer = open.answers.find(({ status }) => status === 'filtered')!
      answer.reason = 'another-rule'
      return open.sent[answer.event]!.id
    },
  ],
  [
    'an event is never handled: its partition was lost in a rebalance',
    'I4',
    (open) => {
      const event = someHandled(open)
      open.records = open.records.filter((record) => !follows(record, event))
      return event.id
    },
  ],
  [
    'one of several outputs is missing',
    'I4',
    (open) => {
      const event = open.sent.find(({ outputs, fate }) => outputs.length > 1 && fate === 'handled')!
      const output = open.records.find((record) => follows(record, event))!
      open.records.splice(open.records.indexOf(output), 1)
      return event.id
    },
  ],
  [
    'duplicates are told by the id alone, across sources',
    'I4',
    (open) => {
      const twin = open.sent.find(
        (event) =>
          event.fate === 'handled' &&
          open.sent.some((other) => other !== event && other.id === event.id && other.fate === 'handled'),
      )!
      open.records = open.records.filter((record) => !follows(record, twin))
      return `${twin.source} ${twin.id}`
    },
  ],
  [
    'duplicates are told without the tenant',
    'I1',
    (open) => {
      const first = someHandled(open)
      open.sent.push({ ...first, tenant: 'another', kseq: 10_000 })
      open.answers.push({ event: open.sent.length - 1, status: 'duplicate', at: 0 })
      return first.id
    },
  ],
  [
    'an event is handled and a dead letter too',
    'I4',
    (open) => {
      const event = someHandled(open)
      const stored = open.records.find(
        ({ event: one }) => one?.id === event.id && one.source === event.source,
      )!
      open.records.push({
        ...stored,
        topic: `events.${event.type}.${event.type}.dlq`,
        partition: 0,
        offset: 10_000,
        headers: {
          'dlq-original-topic': stored.topic,
          'dlq-original-partition': String(stored.partition),
          'dlq-original-offset': String(stored.offset),
        },
      })
      return event.id
    },
  ],
  [
    'a dead letter is written twice',
    'I4',
    (open) => {
      const letter = open.records.find(({ topic }) => topic.endsWith('.dlq'))!
      open.records.push({ ...letter, offset: letter.offset + 10_000 })
      return letter.headers['dlq-original-topic']!
    },
  ],
  [
    'an output is written twice though nothing failed',
    'I4',
    (open) => {
      const output = open.records.find(({ event }) => event?.causationid !== undefined)!
      open.records.push({ ...output, offset: 10_000 })
      return output.event!.id
    },
  ],
  [
    'poison vanishes without a dead letter',
    'I4',
    (open) => {
      const letter = open.records.findIndex(({ topic }) => topic.endsWith('.dlq'))
      const [{ headers }] = open.records.splice(letter, 1) as [OpenHistory['records'][number]]
      return headers['dlq-original-topic']!
    },
  ],
  [
    'two of a key change places in a lane',
    'I5',
    (open) => {
      const [first, second] = neighbours(open, ({ event }) => event?.causationid === undefined)
      ;[first.event, second.event] = [second.event!, first.event!]
      return first.event.id
    },
  ],
  [
    'outputs of two of a key change places',
    'I5',
    (open) => {
      const [first, second] = neighbours(open, ({ event }) => event?.type === 'page-view-enriched')
      ;[first.event, second.event] = [second.event!, first.event!]
      return first.event.causationid!
    },
  ],
  [
    'a key is spread over two partitions',
    'I5',
    (open) => {
      const [first] = neighbours(open, ({ event }) => event?.causationid === undefined)
      first.partition += 1
      first.offset += 10_000
      return first.topic
    },
  ],
  [
    'the counter of a filter disagrees',
    'I7',
    (open) => {
      open.counters[0]!.filtered = { bots: (open.counters[0]!.filtered['bots'] ?? 0) + 1 }
      return 'bots'
    },
  ],
  [
    'the gateway counts one accepted too many',
    'I7',
    (open) => {
      open.counters[0]!.accepted += 1
      return 'accepted'
    },
  ],
  [
    'a service counts one end too few',
    'I7',
    (open) => {
      open.counters[1]!.ended -= 1
      return open.counters[1]!.process
    },
  ],
  [
    'work does not go on after a fault',
    'I8',
    (open) => {
      open.recoveries.push({ what: 'the gateway', limitMs: 10_000 })
      return 'the gateway'
    },
  ],
  [
    'a process ends with an error',
    'I9',
    (open) => {
      open.exits.push({ process: 'page-viewed', code: 1, tookMs: 11_000 })
      return 'page-viewed'
    },
  ],
  [
    'a process does not let go of its connections',
    'I9',
    (open) => {
      open.holdings.push({ process: 'page-viewed', what: 'open files', before: 30, after: 47, mostMore: 16 })
      return 'page-viewed'
    },
  ],
  [
    'an offset is committed before its event is handled',
    'I10',
    (open) => {
      const event = someHandled(open)
      const stored = open.records.find(
        ({ event: one }) => one?.id === event.id && one.source === event.source,
      )!
      const { topic, partition, offset } = stored
      open.commits.push({ group: event.type, topic, partition, offset: offset + 1, ends: {} })
      return event.id
    },
  ],
]

describe('a planted bug turns the books red', () => {
  it.each(PLANTED)('%s', (_, invariant, plant) => {
    const open = quietHistory()
    const id = plant(open)
    const { violations } = closeBooks(open)
    const named = violations.filter((one) => one.invariant === invariant)
    expect(named.map(({ message }) => message).join('\n')).toContain(`${invariant}: `)
    expect(named.flatMap(({ ids }) => ids).join('\n')).toContain(id)
  })

  it.each<Planted>([
    [
      'an event ends without an outcome',
      'I4',
      (open) => {
        const ended = open.records.findIndex(({ outcome }) => outcome?.outcome === 'handled')
        const [{ outcome }] = open.records.splice(ended, 1) as [OpenHistory['records'][number]]
        return outcome!.id
      },
    ],
    [
      'an event has two outcomes',
      'I4',
      (open) => {
        const ended = open.records.find(({ outcome }) => outcome?.outcome === 'handled')!
        const outcome = { ...ended.outcome!, outcome: 'dead-letter' as const }
        open.records.push({ ...ended, offset: 10_000, outcome })
        return outcome.id
      },
    ],
    [
      'the outcome is another than the topics say',
      'I4',
      (open) => {
        const ended = open.records.find(({ outcome }) => outcome?.outcome === 'handled')!
        ended.outcome = { ...ended.outcome!, outcome: 'dead-letter' }
        return ended.outcome.id
      },
    ],
    [
      'a filtered event has no outcome',
      'I4',
      (open) => {
        const ended = open.records.findIndex(({ outcome }) => outcome?.outcome === 'filtered')
        const [{ outcome }] = open.records.splice(ended, 1) as [OpenHistory['records'][number]]
        return outcome!.id
      },
    ],
    [
      'an outcome of an event that nobody sent',
      'I2',
      (open) => {
        const ended = open.records.find(({ outcome }) => outcome !== undefined)!
        ended.outcome = { ...ended.outcome!, id: 'unheard-of' }
        return 'unheard-of'
      },
    ],
  ])('with the outcome topic: %s', (_, invariant, plant) => {
    const open = quietHistory(true)
    const id = plant(open)
    const named = closeBooks(open).violations.filter((one) => one.invariant === invariant)
    expect(named.flatMap(({ ids }) => ids).join('\n')).toContain(id)
  })

  it('also among faults that explain repeats, for what they do not explain', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (seed, chosen) => {
        const open = makeCleanHistory({ seed, events: 60, troubled: true, outcomeTopic: false })
        const accepted = open.sent.filter(({ fate }) => fate === 'handled')
        fc.pre(accepted.length > 0)
        const event = accepted[chosen % accepted.length]!
        open.records = open.records.filter((record) => !follows(record, event))
        const lost = closeBooks(open).violations.filter(({ invariant }) => invariant === 'I4')
        expect(lost.flatMap(({ ids }) => ids)).toContain(`${event.source} ${event.id}`)
      }),
      { numRuns: 50 },
    )
  })
})

describe('a planted bug in a redrive turns the books red', () => {
  const redriven = (open: OpenHistory) =>
    open.records.find(
      ({ topic, headers }) => headers['sluice-generation'] === 'redrive-1' && !topic.endsWith('.dlq'),
    )!

  it('that there is none in the history of one that works', () => {
    const open = redrivenHistory()
    expect(closeBooks(open).violations).toEqual([])
    expect(closeBooks(open).totals).toMatchObject({
      deadLetters: 3,
      lost: 0,
      repeats: { deadLetters: 0, inputs: 0 },
    })
    expect(closeBooks(open).totals.redriven).toBeGreaterThan(5)
  })

  it.each<Planted>([
    [
      'a letter is marked, and was not sent',
      'I4',
      (open) => {
        const sent = redriven(open)
        open.records.splice(open.records.indexOf(sent), 1)
        return sent.event!.id
      },
    ],
    [
      'a mark names what is no letter',
      'I4',
      (open) => {
        const mark = open.records.find(({ headers }) => headers['dlq-redriven'])!
        mark.headers = { 'dlq-redriven': '0-999' }
        return `${mark.topic}/0@999`
      },
    ],
    [
      'an event is redriven that was never given up',
      'I4',
      (open) => {
        const given = new Set(
          open.records.filter(({ topic }) => topic.endsWith('.dlq')).map(({ event }) => event?.id),
        )
        const event = open.sent.find(({ fate, id }) => fate === 'handled' && !given.has(id))!
        const stored = open.records.find(
          ({ event: one }) => one?.id === event.id && one.source === event.source,
        )!
        const headers = { 'sluice-generation': 'redrive-1', 'sluice-service': event.type }
        open.records.push({ ...stored, offset: 10_000, headers })
        return event.id
      },
    ],
    [
      'a redriven event is dropped as a repeat of the one that failed',
      'I4',
      (open) => {
        const { event } = redriven(open)
        const cause = open.sent.find(({ id, source }) => id === event!.id && source === event!.source)!
        open.records = open.records.filter((record) => !follows(record, cause))
        return cause.id
      },
    ],
    [
      'a redriven event fails again, and nobody keeps it',
      'I4',
      (open) => {
        const letter = open.records.find(({ headers }) => headers['dlq-replay-count'] === '1')!
        open.records.splice(open.records.indexOf(letter), 1)
        return letter.event!.id
      },
    ],
    [
      'a redrive turns two events of a key round',
      'I5',
      (open) => {
        const [first, second] = neighbours(
          open,
          ({ topic, headers }) => headers['sluice-generation'] === 'redrive-1' && !topic.endsWith('.dlq'),
        )
        ;[first.event, second.event] = [second.event!, first.event!]
        return first.event!.id
      },
    ],
    [
      'a redriven record is committed before its event is handled',
      'I10',
      (open) => {
        const { topic, partition, offset, event } = redriven(open)
        const ends = Object.fromEntries(
          open.records.filter((record) => record.topic.endsWith('.dlq')).map((one) => [`${one.topic}/0`, 1]),
        )
        open.commits.push({ group: event!.type, topic, partition, offset: offset + 1, ends })
        return event!.id
      },
    ],
  ])('%s', (_, invariant, plant) => {
    const open = redrivenHistory()
    const id = plant(open)
    const named = closeBooks(open).violations.filter((one) => one.invariant === invariant)
    expect(named.flatMap(({ ids }) => ids).join('\n')).toContain(id)
  })

  it('with the outcome topic: a redrive ends without an outcome', () => {
    const open = redrivenHistory()
    const ended = open.records.findIndex(({ outcome }) => outcome?.generation === 'redrive-1')
    const [{ outcome }] = open.records.splice(ended, 1) as [OpenHistory['records'][number]]
    const named = closeBooks(open).violations.filter(({ invariant }) => invariant === 'I4')
    expect(named.flatMap(({ ids }) => ids).join('\n')).toContain(`${outcome!.id} in`)
  })
})

function redrivenHistory(): OpenHistory {
  return makeCleanHistory({ seed: 5, events: 150, troubled: false, outcomeTopic: true, redrives: true })
}

function quietHistory(outcomeTopic = false): OpenHistory {
  return makeCleanHistory({ seed: 2, events: 60, troubled: false, outcomeTopic })
}

function someHandled({ sent }: OpenHistory): SentEvent {
  const ids = sent.map(({ id }) => id)
  return sent.find(({ fate, id }) => fate === 'handled' && ids.filter((one) => one === id).length === 1)!
}

function follows({ event }: OpenHistory['records'][number], cause: SentEvent): boolean {
  const ids = cause.outputs.map(({ type, index }) => outputId(cause as never, type, index))
  return event !== undefined && ids.includes(event.id)
}

function storeAgain(open: OpenHistory, event: SentEvent): string {
  const { tenant, source, id, type, key } = event
  open.records.push({
    topic: `events.${type}.normal`,
    partition: 0,
    offset: 10_000,
    timestamp: 0,
    key,
    event: { tenant, source, id, type },
    headers: {},
  })
  return id
}

/** The first two records of one key that stand in one partition. */
function neighbours(
  { records }: OpenHistory,
  fits: (record: OpenHistory['records'][number]) => boolean,
): [OpenHistory['records'][number], OpenHistory['records'][number]] {
  for (const first of records) {
    if (!first.event || !fits(first)) continue
    const second = records.find(
      (other) =>
        other !== first &&
        fits(other) &&
        other.key === first.key &&
        other.topic === first.topic &&
        other.partition === first.partition &&
        other.event?.source === first.event!.source,
    )
    if (second) return [first, second]
  }
  throw new Error('No two records of one key.')
}
