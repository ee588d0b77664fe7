import { describe, expect, test } from 'vitest'
import { createFakeCluster, fetched } from './cluster-fixture.ts'
import { startFetcher } from './kafkajs-fetcher.ts'
import type { TopicPartition } from './port.ts'

const [p0, p1] = [0, 1].map((partition) => ({ topic: 't', partition })) as [
  { topic: string; partition: number },
  { topic: string; partition: number },
]

function start(
  leaders: [string, number][] = [
    ['t/0', 1],
    ['t/1', 1],
  ],
  { urgent, positions = [p0, p1] }: { urgent?: string; positions?: TopicPartition[] } = {},
) {
  const fake = createFakeCluster(new Map(leaders))
  const story: string[] = []
  const fetcher = startFetcher({
    cluster: fake.cluster,
    urgent,
    positions: positions.map((at, index) => ({ ...at, offset: 5 + 2 * index })),
    records: ({ partition }, records, end, high) =>
      story.push(`${partition}: ${records.map(({ value }) => value).join()}, ${end}/${high}`),
    failed: (error) => story.push(`failed: ${(error as Error).message}`),
    log: undefined,
  })
  return { ...fake, fetcher, story }
}

const closed = () =>
  Object.assign(new Error('Closed connection'), {
    name: 'KafkaJSConnectionClosedError',
    retriable: true,
    host: 'h',
    port: 9092,
  })

describe('the fetcher', () => {
  test('goes on from where the last answer ended, each time with another partition first', async () => {
    const { next, story, fetcher } = start()
    const first = await next()
    expect(first.asked).toEqual(['t/0@5', 't/1@7'])
    first.answer(fetched(p0, 5, ['a', 'b']))
    const second = await next()
    expect(second.asked).toEqual(['t/1@7', 't/0@7'])
    second.answer(fetched(p1, 7, ['c']), fetched(p0, 7, ['d']))
    expect((await next()).asked).toEqual(['t/0@8', 't/1@8'])
    expect(story).toEqual(['0: a,b, 7/9', '1: c, 8/9', '0: d, 8/9'])
    fetcher.stop()
  })

  test('asks each leader for its own', async () => {
    const { next, fetcher } = start([
      ['t/0', 1],
      ['t/1', 2],
    ])
    const both = [await next(), await next()]
    expect(both.map(({ node, asked }) => [node, asked])).toEqual([
      [1, ['t/0@5']],
      [2, ['t/1@7']],
    ])
    fetcher.stop()
  })

  test('fetches what is urgent apart, over a connection of its own, so that it waits for nothing else', async () => {
    const urgent = { topic: 'u', partition: 0 }
    const { next, story, fetcher } = start(
      [
        ['t/0', 1],
        ['u/0', 1],
      ],
      { urgent: 'u', positions: [p0, urgent] },
    )
    const both = [await next(), await next()]
    expect(both.map(({ connection, asked }) => [connection, asked])).toEqual([
      [1, ['t/0@5']],
      [2, ['u/0@7']],
    ])
    both[1]!.answer(fetched(urgent, 7, ['a']))
    const more = await next()
    expect([more.connection, more.asked]).toEqual([2, ['u/0@8']])
    expect(story).toEqual(['0: a, 8/9'])
    fetcher.stop()
  })

  test('reads nothing twice of a batch that begins before the offset', async () => {
    const { next, story, fetcher } = start()
    ;(await next()).answer(fetched(p0, 3, ['x', 'y', 'a', 'b']))
    await next()
    expect(story).toEqual(['0: a,b, 7/9'])
    fetcher.stop()
  })

  test('leaves out what is paused, and waits while everything is', async () => {
    const { next, fetches, story, fetcher } = start()
    fetcher.pause([p0])
    const first = await next()
    expect(first.asked).toEqual(['t/1@7'])
    fetcher.pause([p1])
    first.answer(fetched(p1, 7, ['not now']))
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect([story, fetches]).toEqual([[], []])
    fetcher.resume([p1])
    expect((await next()).asked).toEqual(['t/1@7'])
    fetcher.stop()
  })

  test('waits less long for records where a partition is left out, which may be resumed meanwhile', async () => {
    const { next, fetcher } = start()
    const idle = await next()
    fetcher.pause([p0])
    idle.answer()
    const partial = await next()
    fetcher.resume([p0])
    partial.answer()
    const whole = await next()
    expect([idle, partial, whole].map(({ asked, maxWaitMs }) => [asked.length, maxWaitMs])).toEqual([
      [2, 500],
      [1, 100],
      [2, 500],
    ])
    fetcher.stop()
  })

  test('a seek counts for the next request, and what is on its way from elsewhere is dropped', async () => {
    const { next, story, fetcher } = start()
    fetcher.seek({ ...p0, offset: 2 })
    const first = await next()
    expect(first.asked).toEqual(['t/0@2', 't/1@7'])
    fetcher.seek({ ...p0, offset: 1 })
    first.answer(fetched(p0, 2, ['a']), fetched(p1, 7, ['b']))
    expect((await next()).asked).toEqual(['t/1@8', 't/0@1'])
    expect(story).toEqual(['1: b, 8/9'])
    fetcher.stop()
  })

  test('K20: tries again after a connection was lost, with fresh eyes on the cluster', async () => {
    const leaders: [string, number][] = [
      ['t/0', 1],
      ['t/1', 1],
    ]
    const { next, log, story, fetcher } = start(leaders)
    ;(await next()).fail(closed())
    const second = await next()
    expect(log).toEqual(['disconnect 1', 'remove h:9092', 'refresh'])
    second.fail(closed())
    ;(await next()).answer(fetched(p0, 5, ['a']))
    await next()
    expect(story).toEqual(['0: a, 6/9'])
    fetcher.stop()
  })

  test('a partition that moved holds up only itself, until it is found', async () => {
    const { next, log, story, fetcher } = start()
    ;(await next()).answer(fetched(p0, 5, [], NOT_LEADER), fetched(p1, 7, ['a']))
    expect((await next()).asked).toEqual(['t/0@5', 't/1@8'])
    expect(story).toEqual(['1: a, 8/9'])
    expect(log).toEqual(['refresh'])
    fetcher.stop()
  })

  test('goes on at the start of the log where the offset is gone', async () => {
    const { next, starts, fetcher } = start()
    starts.set('t/1', 40)
    ;(await next()).answer(fetched(p1, 7, [], OUT_OF_RANGE))
    expect((await next()).asked).toEqual(['t/1@40', 't/0@5'])
    fetcher.stop()
  })

  test('ends when it has no right to read, and when it cannot read what it gets', async () => {
    const forbidden = start()
    ;(await forbidden.next()).answer(fetched(p0, 5, [], NO_RIGHT))
    await expect.poll(() => forbidden.story).toEqual([expect.stringMatching(/^failed: Not authorized/)])
    const unreadable = start()
    const lz4 = fetched(p0, 5, ['a'])
    lz4.recordSet.writeInt16BE(3, 21)
    ;(await unreadable.next()).answer(lz4)
    await expect.poll(() => unreadable.story).toEqual([expect.stringMatching(/^failed: .*lz4/)])
  })

  test('hands nothing over once it was stopped', async () => {
    const { next, fetches, story, fetcher } = start()
    const first = await next()
    fetcher.stop()
    first.answer(fetched(p0, 5, ['a']))
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect([story, fetches]).toEqual([[], []])
  })
})

const OUT_OF_RANGE = 1
const NOT_LEADER = 6
const NO_RIGHT = 29
