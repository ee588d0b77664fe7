import { partitionOf } from '@sluice/kafka'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arrived, giveUp, LANE, laneRecord, PARTITIONS, QUEUE } from '../test-fixtures/letters.ts'
import { readDeadLetter } from './dead-letter.ts'
import { redrivenRecord } from './redriven-record.ts'

const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array))
const names = fc.string({ maxLength: 12 }).filter((name) => !/^(dlq-|kafka_dlt-|__|sluice-)/.test(name))
const headers = fc.dictionary(names, fc.oneof(bytes, fc.array(bytes, { minLength: 2, maxLength: 3 })), {
  maxKeys: 5,
})

const redriven = (record = laneRecord(1)) => redrivenRecord(arrived(giveUp(record)), QUEUE, PARTITIONS)!

describe('a redriven record', () => {
  it('has the key, the value and the headers of the event, byte for byte', () => {
    fc.assert(
      fc.property(fc.option(bytes), fc.option(bytes), headers, (key, value, own) => {
        const sent = redriven(laneRecord(1, { key, value, headers: own }))
        expect(sent.key).toEqual(key)
        expect(sent.value).toEqual(value)
        const {
          'sluice-generation': _,
          'sluice-service': __,
          'dlq-replay-count': ___,
          ...rest
        } = sent.headers!
        expect(rest).toEqual(own)
      }),
    )
  })

  it('goes to the lane that it comes from, in the partition of its key', () => {
    expect(redriven(laneRecord(4))).toMatchObject({ topic: LANE, partition: partitionOf('c-4', 3) })
    // Somebody wrote it elsewhere: where its key belongs it meets the others of its key.
    const elsewhere = (partitionOf('c-4', 3) + 1) % 3
    expect(redriven(laneRecord(4, { partition: elsewhere })).partition).toBe(partitionOf('c-4', 3))
    expect(redriven(laneRecord(4, { key: null, partition: 2 })).partition).toBe(2)
  })

  it('is for the service that gave it up, and no copy that waits for its delay', () => {
    const hopped = laneRecord(1, { headers: { 'sluice-hop': '2', 'sluice-origin': 'x/0/1/2/3/4' } })
    expect(redriven(hopped).headers).toEqual({
      'sluice-generation': 'redrive-1',
      'sluice-service': 'order-placed',
      'dlq-replay-count': '1',
    })
  })

  it('has the same generation as often as its letter is redriven, and another when it failed again', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), (times) => {
        const generations: string[] = []
        let record = laneRecord(1)
        for (let time = 0; time < times; time++) {
          const sent = redriven(record)
          expect(redriven(record)).toEqual(sent)
          generations.push(String(sent.headers!['sluice-generation']))
          record = arrived(sent, { topic: sent.topic, partition: sent.partition, offset: 100 + time })
        }
        expect(generations).toEqual(Array.from({ length: times }, (_, index) => `redrive-${index + 1}`))
      }),
    )
  })

  it('of a replay stays that replay’s', () => {
    const replayed = laneRecord(1, { headers: { 'sluice-generation': 'replay-a' } })
    const sent = redriven(replayed)
    expect(sent.headers).toMatchObject({ 'sluice-generation': 'replay-a/redrive-1' })
    const again = redriven(arrived(sent, { topic: LANE, partition: sent.partition, offset: 9 }))
    expect(again.headers).toMatchObject({ 'sluice-generation': 'replay-a/redrive-2' })
  })

  it('is none where the letter does not come from a lane of its type', () => {
    const from = (topic: string) =>
      redrivenRecord(arrived(giveUp(laneRecord(1, { topic }))), QUEUE, new Map([...PARTITIONS, [topic, 3]]))
    expect(from('events.page-viewed.low')).toBeUndefined()
    expect(from('control.rules')).toBeUndefined()
    expect(redrivenRecord(laneRecord(1), QUEUE, PARTITIONS)).toBeUndefined()
  })

  it('is found by the headers of Spring and of Kafka Connect', () => {
    const value = laneRecord(4).value
    const at = { offset: 3, key: Buffer.from('c-4'), value }
    const offset = Buffer.alloc(8)
    offset.writeBigInt64BE(77n)
    const spring = {
      'kafka_dlt-original-topic': Buffer.from(LANE),
      'kafka_dlt-original-partition': Buffer.from([0, 0, 0, 2]),
      'kafka_dlt-original-offset': offset,
      'kafka_dlt-exception-stacktrace': Buffer.from('at …'),
    }
    const connect = {
      '__connect.errors.topic': Buffer.from(LANE),
      '__connect.errors.partition': Buffer.from('2'),
      '__connect.errors.offset': Buffer.from('77'),
    }
    for (const foreign of [spring, connect]) {
      const sent = redrivenRecord(arrived(at, { headers: { mine: 'kept', ...foreign } }), QUEUE, PARTITIONS)
      expect(sent).toMatchObject({ topic: LANE, value })
      expect(sent!.headers).toMatchObject({ mine: 'kept', 'sluice-generation': 'redrive-1' })
      expect(Object.keys(sent!.headers!).filter((name) => /^(kafka_dlt|__connect)/.test(name))).toEqual([])
    }
  })

  it.each([
    ['a partition below zero', { partition: -1 }, undefined],
    ['an offset below zero', { offset: -1n }, undefined],
    ['a time below zero', { timestamp: -1n }, { topic: LANE, partition: 2, offset: 77, timestamp: 5 }],
    [
      'a time beyond a date',
      { timestamp: 2n ** 62n },
      { topic: LANE, partition: 2, offset: 77, timestamp: 5 },
    ],
  ])('does not take from another program: %s', (_, changes, origin) => {
    const { partition, offset, timestamp } = { partition: 2, offset: 77n, timestamp: 1n, ...changes }
    const [int, long, time] = [Buffer.alloc(4), Buffer.alloc(8), Buffer.alloc(8)]
    int.writeInt32BE(partition)
    long.writeBigInt64BE(offset)
    time.writeBigInt64BE(timestamp)
    const headers = {
      'kafka_dlt-original-topic': Buffer.from(LANE),
      ...{ 'kafka_dlt-original-partition': int, 'kafka_dlt-original-offset': long },
      'kafka_dlt-original-timestamp': time,
    }
    const read = readDeadLetter(arrived({ key: null, value: null }, { headers, timestamp: 5 })).origin
    if (origin === undefined) expect(read).toBeUndefined()
    else expect(read).toMatchObject(origin)
  })
})
