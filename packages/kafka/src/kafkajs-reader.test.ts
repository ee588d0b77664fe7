import { describe, expect, test } from 'vitest'
import { createFakeCluster, fetched } from './cluster-fixture.ts'
import { readPartitions } from './kafkajs-reader.ts'
import type { PartitionOffset, ReadBatch } from './port.ts'

const [p0, p1] = [0, 1].map((partition) => ({ topic: 't', partition })) as [
  { topic: string; partition: number },
  { topic: string; partition: number },
]

function start(from: readonly PartitionOffset[], to?: readonly PartitionOffset[]) {
  const fake = createFakeCluster(
    new Map([
      ['t/0', 1],
      ['t/1', 1],
    ]),
  )
  const ending = new AbortController()
  const reading = readPartitions(fake.cluster, from, { ...(to && { to }), signal: ending.signal }, undefined)
  return { ...fake, reading, end: () => ending.abort() }
}

const show = (batch: ReadBatch | undefined) =>
  batch && `${batch.partition}: ${batch.records.map(({ value }) => value).join()}, ${batch.end}`

describe('a read', () => {
  test('asks no more for a partition that has come to its bound, nor hands on what lies beyond', async () => {
    const { next, reading } = start(
      [
        { ...p0, offset: 5 },
        { ...p1, offset: 0 },
      ],
      [
        { ...p0, offset: 6 },
        { ...p1, offset: 1 },
      ],
    )
    const first = reading.next()
    ;(await next()).answer(fetched(p0, 5, ['a', 'b']))
    expect(show((await first).value)).toBe('0: a, 7')
    const second = reading.next()
    const fetch = await next()
    expect(fetch.asked).toEqual(['t/1@0'])
    fetch.answer(fetched(p1, 0, ['x']))
    expect(show((await second).value)).toBe('1: x, 1')
    expect((await reading.next()).done).toBe(true)
  })

  test('ends although the last offsets before its bound have no records', async () => {
    const { next, reading } = start([{ ...p0, offset: 5 }], [{ ...p0, offset: 7 }])
    const first = reading.next()
    // Compaction and control records leave such holes.
    const answer = fetched(p0, 8, ['beyond'])
    ;(await next()).answer(answer)
    expect(show((await first).value)).toBe('0: , 9')
    expect((await reading.next()).done).toBe(true)
  })

  test('goes on at the start of the log where retention was faster, and says what is lost', async () => {
    const { next, reading, starts, end } = start([{ ...p0, offset: 5 }])
    starts.set('t/0', 9)
    const first = reading.next()
    ;(await next()).answer(fetched(p0, 5, [], 1))
    const fetch = await next()
    expect(fetch.asked).toEqual(['t/0@9'])
    fetch.answer(fetched(p0, 9, ['a']))
    const { value } = await first
    expect([show(value), value?.lost]).toEqual(['0: a, 10', 4])
    end()
  })

  test('ends when retention took all that was wanted', async () => {
    const { next, reading, starts } = start([{ ...p0, offset: 5 }], [{ ...p0, offset: 8 }])
    starts.set('t/0', 9)
    const first = reading.next()
    ;(await next()).answer(fetched(p0, 5, [], 1))
    const { value } = await first
    expect([show(value), value?.lost]).toEqual(['0: , 9', 4])
    expect((await reading.next()).done).toBe(true)
  })

  test('fetches only so far ahead of what is taken, and goes on as it is', async () => {
    const { next, fetches, reading, end } = start([
      { ...p0, offset: 0 },
      { ...p1, offset: 0 },
    ])
    const first = reading.next()
    for (const value of ['a', 'b', 'c']) {
      const fetch = await next()
      const at = Number(fetch.asked.find((place) => place.startsWith('t/0'))!.split('@')[1])
      fetch.answer(fetched(p0, at, [value]))
      if (value === 'a') await first
    }
    // One is in hand, two wait.
    const without = await next()
    expect(without.asked).toEqual(['t/1@0'])
    expect(fetches).toEqual([])
    expect(show((await reading.next()).value)).toBe('0: b, 2')
    without.answer(fetched(p1, 0, ['x']))
    expect((await next()).asked.toSorted()).toEqual(['t/0@3', 't/1@1'])
    end()
  })

  test('hands on what came before it cannot go on, then says why', async () => {
    const { next, reading } = start([{ ...p0, offset: 0 }])
    const first = reading.next()
    ;(await next()).answer(fetched(p0, 0, ['a']))
    expect(show((await first).value)).toBe('0: a, 1')
    const second = reading.next()
    const refused = Object.assign(new Error('Not allowed'), {
      retriable: false,
      type: 'TOPIC_AUTHORIZATION_FAILED',
    })
    ;(await next()).fail(refused)
    await expect(second).rejects.toMatchObject({ code: 'kafka-refused' })
  })

  test('ends when it is aborted while it waits', async () => {
    const { next, reading, end } = start([{ ...p0, offset: 0 }])
    const waiting = reading.next()
    await next()
    end()
    expect((await waiting).done).toBe(true)
  })
})
