import { createMemoryBroker } from '@sluice/testing'
import { expect, test } from 'vitest'
import { spanOf } from './span.ts'

function makeBroker() {
  const broker = createMemoryBroker({ topics: { a: 2, b: 1 } })
  const store = (topic: string, partition: number, ...times: number[]) =>
    broker.append(
      { topic, partition },
      times.map((timestamp) => ({ key: null, value: 'v', timestamp })),
    )
  return { broker, store }
}

test('a span goes from the start of the log to its end, and leaves out what is empty or not there', async () => {
  const { broker, store } = makeBroker()
  store('a', 1, 1, 2, 3)
  store('b', 0, 1, 2)
  broker.trim({ topic: 'a', partition: 1 }, 1)
  expect(await spanOf(await broker.client().admin(), ['a', 'b', 'missing'])).toEqual({
    from: [
      { topic: 'a', partition: 1, offset: 1 },
      { topic: 'b', partition: 0, offset: 0 },
    ],
    to: [
      { topic: 'a', partition: 1, offset: 3 },
      { topic: 'b', partition: 0, offset: 2 },
    ],
    offsets: 4,
    topics: 2,
  })
})

test('a span begins with the first record of its time', async () => {
  const { broker, store } = makeBroker()
  store('a', 0, 10, 20, 30)
  store('a', 1, 5)
  expect(await spanOf(await broker.client().admin(), ['a'], 15)).toEqual({
    from: [{ topic: 'a', partition: 0, offset: 1 }],
    to: [{ topic: 'a', partition: 0, offset: 3 }],
    offsets: 2,
    topics: 1,
  })
})
