import type { EventTrace, Sighting, TailedEvent } from '@sluice/operations'
import picocolors from 'picocolors'
import { expect, test } from 'vitest'
import { layoutTailed, tailedDocument } from './layout-tail.ts'
import { layoutNotFound, layoutWhereabouts, whereDocument } from './layout-where.ts'

const colors = picocolors.createColors(false)
const at = Date.parse('2026-11-24T12:00:00.000Z')
const place = (topic: string) => ({ topic, partition: 1, offset: 5 })
const rest = { key: 'c-1', hop: 0, generation: '', target: undefined }

const lane: Sighting = {
  ...place('events.order-placed.normal'),
  ...rest,
  role: { kind: 'lane', type: 'order-placed', lane: 'normal', services: ['order-placed'] },
  at: at + 4,
  origin: place('events.order-placed.normal'),
}
const copy: Sighting = {
  ...lane,
  ...place('events.order-placed.order-placed.retry.5s'),
  role: { kind: 'retry', type: 'order-placed', service: 'order-placed', delayMs: 5000 },
  at: at + 12_000,
  hop: 1,
}
const trace: EventTrace = {
  ...{ tenant: 'default', source: '/shop', id: 'a\u001b[2J', type: 'order-placed', receivedAt: at },
  seen: [lane, copy],
  standings: [{ service: 'order-placed', status: 'retrying', ahead: 0, dueAt: at + 17_000 }],
  outputs: [
    {
      ...{ tenant: 'default', source: '/services/order-placed', id: 'b', type: 'stock-reserved' },
      ...{ receivedAt: at, causationId: 'a', correlationId: 'a', seen: [lane], standings: [], outputs: [] },
    },
  ],
}
const searched = { since: at - 86_400_000, topics: 27, offsets: 1000 }

test('where shows every place with the time since it was received, how far it is, and what followed', () => {
  const text = layoutWhereabouts({ events: [trace], undecodable: [], searched }, { now: at + 15_000, colors })
  expect(text).toBe(
    [
      'order-placed  a\\u{1b}[2J  /shop, default',
      '  received   2026-11-24 12:00:00.000 UTC by the gateway',
      '     +4 ms  events.order-placed.normal 1 @ 5, key c-1',
      '   +12.0 s  events.order-placed.order-placed.retry.5s 1 @ 5, copy 1',
      '  retrying by order-placed: due in 2 s, at 2026-11-24 12:00:17.000 UTC',
      '    stock-reserved  b  /services/order-placed, default',
      '         +4 ms  events.order-placed.normal 1 @ 5, key c-1',
      '      no service reads it',
    ].join('\n'),
  )
})

test('where lists events that share an id, and says how to look further for one that is not there', () => {
  const text = layoutWhereabouts(
    { events: [trace, trace], undecodable: [place('t')], searched },
    { now: at, colors },
  )
  expect(text).toContain('2 events have this id; --source, --tenant and --type tell them apart.')
  expect(text).toContain('no event that can be read: t 1 @ 5')
  expect(layoutNotFound('a', { events: [], undecodable: [], searched })).toBe(
    'Nothing has the id a in 1000 records of 27 topics since 2026-11-23 12:00:00.000 UTC.\n' +
      'Look further back with --since 7d, as far as Kafka keeps events. Was it accepted? Its answer said so.',
  )
})

test('where as JSON names times as text and leaves out payloads', () => {
  expect(whereDocument({ events: [{ ...trace, outputs: [] }], undecodable: [], searched })).toMatchObject({
    events: [
      {
        ...{ id: 'a\u001b[2J', received: '2026-11-24T12:00:00.000Z', outputs: [] },
        seen: [
          { kind: 'lane', time: '2026-11-24T12:00:00.004Z', sinceReceivedMs: 4, offset: 5, key: 'c-1' },
          { kind: 'retry', service: 'order-placed', due: '2026-11-24T12:00:17.000Z' },
        ],
        standings: [{ service: 'order-placed', status: 'retrying', due: '2026-11-24T12:00:17.000Z' }],
      },
    ],
    searched: { since: '2026-11-23T12:00:00.000Z' },
  })
})

test('a line of the tail has time, lane, status, key, id, source and the data; no control character', () => {
  const stored: TailedEvent = {
    ...{ status: 'stored', at, place: place('t'), lane: 'normal', key: 'c\u009b1' },
    ...{ event: { tenant: 'default', source: '/shop', id: 'a' }, data: { n: 1 } },
  }
  expect(layoutTailed(stored, colors)).toBe(
    '12:00:00.000  normal  stored       c\\u{9b}1      a  /shop  {"n":1}',
  )
  expect(layoutTailed(stored, colors, 61)).toBe(
    '12:00:00.000  normal  stored       c\\u{9b}1      a  /shop  {…',
  )
  expect(layoutTailed(stored, colors, 21)).toBe('12:00:00.000  normal')
  const letter: TailedEvent = {
    ...stored,
    key: null,
    status: 'dead-letter',
    by: 's',
    reason: 'poison, Error: no',
  }
  expect(layoutTailed(letter, colors)).toBe(
    '12:00:00.000  normal  dead-letter  –             a  /shop  by s  poison, Error: no',
  )
  expect(tailedDocument({ ...letter, dueAt: at })).toEqual({
    ...{
      time: '2026-11-24T12:00:00.000Z',
      status: 'dead-letter',
      lane: 'normal',
      by: 's',
      reason: 'poison, Error: no',
    },
    ...{
      key: null,
      tenant: 'default',
      source: '/shop',
      id: 'a',
      data: { n: 1 },
      due: '2026-11-24T12:00:00.000Z',
    },
    ...place('t'),
  })
})
