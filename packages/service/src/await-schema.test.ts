import { DecodeError, type Event, encodeFramed, orderPlaced } from '@sluice/events'
import type { Claim, IncomingRecord } from '@sluice/kafka'
import type { SchemaKind } from '@sluice/schema-registry'
import { createLogger } from '@sluice/telemetry'
import { buildEvent } from '@sluice/testing'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createAwaitSchema } from './await-schema.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const event = buildEvent(orderPlaced, { id: 'o-1' }) as Event
const framed = encodeFramed(event, 7) as unknown as IncomingRecord
const plain = { value: Buffer.from('{}'), headers: {} } as unknown as IncomingRecord
const claim = {} as Claim
const log = createLogger({ service: 'test', level: 'silent' })

/** A registry that answers as told, one after the other; its last answer for good. */
function setup(...answers: (SchemaKind | undefined | Error)[]) {
  const known = new Map<number, SchemaKind>()
  const asked: number[] = []
  const registry = {
    kindOf: (id: number) => known.get(id),
    async lookUp(id: number) {
      asked.push(id)
      const answer = answers.length > 1 ? answers.shift() : answers[0]
      if (answer instanceof Error) throw answer
      if (answer) known.set(id, answer)
      return answer
    },
  }
  const stopping = new AbortController()
  const schemas = createAwaitSchema({ registry, stopping: stopping.signal, log })
  const handle = schemas.awaitSchema(
    (_record, _lane, _claim, unreadable?: DecodeError) => unreadable ?? 'handled',
  )
  return { asked, stopping, schemas, handle: (record: IncomingRecord) => handle(record, 'low', claim) }
}

test('a record that is not framed is handled at once, and nobody is asked', () => {
  const { handle, asked } = setup('JSON')
  expect(handle(plain)).toBe('handled')
  expect(asked).toEqual([])
})

test('a schema is asked for once, then records of it are handled at once', async () => {
  const { handle, asked } = setup('JSON')
  expect(await handle(framed)).toBe('handled')
  expect(handle(framed)).toBe('handled')
  expect(asked).toEqual([7])
})

test('waits for a registry that does not answer, however often', async () => {
  const { handle, schemas } = setup(...Array(50).fill(new Error('it is down')), 'JSON')
  const result = handle(framed)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(schemas.waiting()).toEqual({ records: 1, detail: 'it is down' })
  await vi.advanceTimersByTimeAsync(600_000)
  expect(await result).toBe('handled')
  expect(schemas.waiting().records).toBe(0)
})

test('what the registry does not know is undecodable after three answers', async () => {
  const { handle, asked } = setup(undefined, new Error('it is down'), undefined)
  const result = handle(framed)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(await result).toEqual(new DecodeError('The schema registry knows no schema 7.'))
  expect(asked).toHaveLength(4)
})

test('what is framed for another kind of schema is undecodable, and says so', async () => {
  const { handle } = setup('AVRO')
  expect(await handle(framed)).toBeInstanceOf(DecodeError)
  expect(handle(framed)).toMatchObject({ message: expect.stringContaining('schema 7, which is AVRO') })
})

test('a process that stops leaves the record unfinished', async () => {
  const { handle, stopping } = setup(new Error('it is down'))
  const result = handle(framed)
  await vi.advanceTimersByTimeAsync(5000)
  stopping.abort()
  expect(await result).toBeUndefined()
})
