import { catalogue } from '@sluice/events'
import picocolors from 'picocolors'
import { expect, it } from 'vitest'
import { formatDuration, layoutLine, layoutScreen, sampleRequest } from './layout.ts'
import type { TypeSummary } from './measure.ts'

const plain = picocolors.createColors(false)
const orders: TypeSummary = {
  type: 'order-placed',
  inPerSecond: { high: 1.25, normal: 120, low: 0 },
  handledPerSecond: 121.2,
  lag: { high: 0, normal: 7, low: 1 },
  p50Seconds: 0.0123,
  p99Seconds: 2.34,
  filtered: 1,
  rejected: 2,
  deadLetters: 3,
}
const views: TypeSummary = { ...orders, type: 'page-viewed', p50Seconds: undefined, p99Seconds: 0.0001 }

it('lays the screen out in columns', () => {
  const text = layoutScreen(
    {
      upSeconds: 75,
      ingest: 'http://127.0.0.1:8080',
      brokers: '127.0.0.1:9092',
      brokerKind: 'local JVM',
      logs: '.sluice/logs/',
      processes: [
        { name: 'gateway', pid: 7, state: 'ready', restarts: 0, admin: 'http://127.0.0.1:9080' },
        {
          name: 'order-placed',
          pid: undefined,
          state: 'waiting',
          restarts: 2,
          admin: 'http://127.0.0.1:9081',
        },
      ],
      types: [orders, views],
    },
    plain,
  )
  expect(text).toContain('running for 1 min 15 s')
  const lines = text.split('\n')
  expect(lines).toEqual(
    expect.arrayContaining([
      '  process       pid  admin                  state',
      '  gateway         7  http://127.0.0.1:9080  ready',
      '  order-placed    –  http://127.0.0.1:9081  waiting, restarted 2×',
      '  events/s      high  normal  low  handled  lag    p50    p99  filtered  rejected  dead',
      '  order-placed   1.3     120  0.0      121    8  12 ms  2.3 s         1         2     3',
      '  page-viewed    1.3     120  0.0      121    8      –   1 ms         1         2     3',
    ]),
  )
})

it('says the same in one line', () => {
  expect(layoutLine(10, [orders, views])).toBe(
    '10 s: 243 events/s in (high 2.5, normal 240, low 0.0), 242/s handled, lag 16, filtered 2, rejected 4, dead letters 6',
  )
})

it('offers a request that the gateway takes', () => {
  const json = /-d '(.*)'$/.exec(sampleRequest('http://x').join('\n'))![1]!
  const { type, data } = JSON.parse(json)
  const definition = catalogue.find((entry) => entry.definition.type === type)!.definition
  expect(definition.validate(data)).toBeUndefined()
})

it('says durations as people do', () => {
  expect([0.4, 59, 61, 3661].map(formatDuration)).toEqual(['0 s', '59 s', '1 min 1 s', '1 h 1 min'])
})

it('shows a dash for what is not known', () => {
  const silent: TypeSummary = {
    ...views,
    inPerSecond: undefined,
    handledPerSecond: undefined,
    lag: undefined,
  }
  expect(layoutLine(10, [orders, silent])).toBe(
    '10 s: – events/s in (high –, normal –, low –), –/s handled, lag –, filtered 2, rejected 4, dead letters 6',
  )
  const content = { upSeconds: 1, ingest: '', brokers: '', brokerKind: '', logs: '', processes: [] }
  const text = layoutScreen({ ...content, types: [silent] }, plain)
  expect(text).toMatch(/page-viewed +– +– +– +– +– +– +1 ms +1 +2 +3/)
})
