import { createRequire } from 'node:module'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { HeaderValue, IncomingRecord, OutgoingRecord } from './port.ts'
import { type AbortedTransaction, encodeRecordBatch, hasHeaderLike, readRecordSet } from './record-batch.ts'

/** kafkajs' own reader and writer: slow, and right about the format. */
const require = createRequire(import.meta.url)
const Decoder = require('kafkajs/src/protocol/decoder')
const readWithKafkaJs = require('kafkajs/src/protocol/recordBatch/v0/decoder')
const { RecordBatch } = require('kafkajs/src/protocol/recordBatch/v0')
const Record = require('kafkajs/src/protocol/recordBatch/record/v0')
const crc32c = require('kafkajs/src/protocol/recordBatch/crc32C')

const NOW = 1_795_495_540_241
const AT = { topic: 'events.order-placed.high', partition: 2 }

const text = fc.string({ unit: 'grapheme', maxLength: 80 })
// Lengths around the values where a varint grows by a byte, in letters of one, two and three bytes.
const aroundVarints = fc
  .tuple(
    fc.constantFrom('a', 'ü', '€', '😀'),
    fc.constantFrom(0, 1, 20, 21, 31, 32, 63, 64, 2730, 8191, 8192),
  )
  .map(([letter, length]) => letter.repeat(length))
const part: fc.Arbitrary<HeaderValue> = fc.oneof(
  text,
  aroundVarints,
  fc.uint8Array({ maxLength: 100 }),
  fc.constant(null),
)
// kafkajs takes what every object inherits for a first value.
const headerName = text.filter((name) => !(name in {}))
const outgoing: fc.Arbitrary<OutgoingRecord> = fc.record(
  {
    key: part,
    value: part,
    headers: fc.dictionary(headerName, fc.oneof(part, fc.array(part, { minLength: 1, maxLength: 3 })), {
      maxKeys: 3,
    }),
    timestamp: fc.oneof(fc.nat(), fc.integer({ min: NOW - 1000, max: NOW + 1000 }), fc.constant(2 ** 48)),
  },
  { requiredKeys: ['key', 'value'] },
)

describe('a record batch', () => {
  test('is read as it was written', () => {
    fc.assert(
      fc.property(fc.array(outgoing, { minLength: 1, maxLength: 20 }), (records) => {
        const read = readAll(placed(encodeRecordBatch(records, NOW), 1000), 0)
        expect(read.map(plain)).toEqual(records.map((record, index) => expected(record, 1000 + index)))
      }),
    )
  })

  test('knows of a header by the beginning of its name, as the headers themselves do', () => {
    const names = fc.constantFrom(
      'sluice-hop',
      'sluice-',
      'sluice',
      's',
      '',
      'content-type',
      'Sluice-hop',
      'ü',
    )
    const headers = fc.dictionary(names, fc.constantFrom('', 'value', null), { maxKeys: 4 })
    fc.assert(
      fc.property(headers, fc.option(fc.string()), (held, value) => {
        const [read] = readAll(placed(encodeRecordBatch([{ key: null, value, headers: held }], NOW), 0), 0)
        const expected = Object.keys(held).some((name) => name.startsWith('sluice-'))
        expect(hasHeaderLike(read!, 'sluice-')).toBe(expected)
        expect(hasHeaderLike({ ...AT, headers: held } as never, 'sluice-')).toBe(expected)
      }),
    )
  })

  test('is read by kafkajs as it was written', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(outgoing, { minLength: 1, maxLength: 20 }), async (records) => {
        const { records: read } = await decode(encodeRecordBatch(records, NOW))
        expect(read).toHaveLength(records.length)
        for (const [index, message] of read.entries()) {
          const { key, value, offset, timestamp } = message
          expect(plain({ ...message, ...AT, offset: Number(offset), timestamp: Number(timestamp) })).toEqual({
            ...expected(records[index]!, index),
            bytes: undefined,
          })
          expect([key, value].every((one) => one === null || Buffer.isBuffer(one))).toBe(true)
        }
      }),
      // Slow: kafkajs copies all headers for each header.
      { numRuns: 30 },
    )
  })

  test('of kafkajs is read', async () => {
    const records = ['a', 'b', 'c'].map((value, offsetDelta) =>
      Record({
        offsetDelta,
        timestampDelta: 5 * offsetDelta,
        key: 'k',
        value,
        headers: { h: ['1', '2'], i: 'ü' },
      }),
    )
    const encoded = await RecordBatch({ records, firstOffset: 70, firstTimestamp: NOW, lastOffsetDelta: 2 })
    const read = readAll(encoded.buffer, 0)
    expect(read.map(plain)).toEqual(
      ['a', 'b', 'c'].map((value, n) => ({
        ...AT,
        offset: 70 + n,
        timestamp: NOW + 5 * n,
        key: 'k',
        value,
        headers: { h: ['1', '2'], i: toText('ü') },
        bytes: 2,
      })),
    )
  })

  test('carries its checksum, counts and times', () => {
    const batch = encodeRecordBatch(
      [
        { key: 'k', value: 'one', timestamp: NOW + 7 },
        { key: 'k', value: 'two' },
      ],
      NOW,
    )
    expect(batch.readUInt32BE(17)).toBe(crc32c(batch.subarray(21)))
    expect(batch.readInt32BE(8)).toBe(batch.length - 12)
    expect(batch.readInt32BE(23)).toBe(1)
    expect(batch.readInt32BE(57)).toBe(2)
    expect([batch.readBigInt64BE(27), batch.readBigInt64BE(35)]).toEqual([BigInt(NOW), BigInt(NOW + 7)])
    expect(batch.readBigInt64BE(43)).toBe(-1n)
  })

  test('gives the time of appending where the broker sets it', () => {
    const batch = encodeRecordBatch([{ key: null, value: 'x', timestamp: 5 }], NOW)
    batch.writeInt16BE(0b1000, 21)
    batch.writeBigInt64BE(99n, 35)
    expect(readAll(batch, 0)[0]?.timestamp).toBe(99)
  })

  test('is read from an offset in its middle', () => {
    const records = ['a', 'b', 'c'].map((value) => ({ key: null, value }))
    const read = readAll(placed(encodeRecordBatch(records, NOW), 10), 11)
    expect(read.map(({ offset, value }) => [offset, String(value)])).toEqual([
      [11, 'b'],
      [12, 'c'],
    ])
  })

  test('that is damaged is refused', () => {
    const batch = encodeRecordBatch([{ key: 'key', value: 'value' }], NOW)
    const changed = (change: (bytes: Buffer) => void) => {
      const bytes = Buffer.from(batch)
      change(bytes)
      return bytes
    }
    const refused = [
      changed((bytes) => bytes.writeInt8(1, 16)),
      changed((bytes) => bytes.writeInt32BE(2, 57)),
      changed((bytes) => bytes.writeInt32BE(0, 57)),
      changed((bytes) => bytes.writeInt8(0x7f, 61)),
      // lz4, and gzip that is none
      changed((bytes) => bytes.writeInt16BE(3, 21)),
      changed((bytes) => bytes.writeInt16BE(1, 21)),
    ]
    for (const bytes of refused)
      expect(() => readAll(bytes, 0)).toThrow(/^A record batch of .* cannot be read/)
  })

  test.each([
    [1, 'gzip', gzipSync],
    [4, 'zstd', zstdCompressSync],
  ] as const)('with codec %i, %s, is read', (codec, _name, compress) => {
    const batch = encodeRecordBatch([{ key: 'key', value: 'value', headers: { h: 'x' } }], NOW)
    const squeezed = Buffer.concat([batch.subarray(0, 61), compress(batch.subarray(61))])
    squeezed.writeInt16BE(codec, 21)
    squeezed.writeInt32BE(squeezed.length - 12, 8)
    expect(readAll(squeezed, 0).map(plain)).toEqual(readAll(batch, 0).map(plain))
  })

  test.each(['__proto__', 'toString'])('keeps a header with the name %s', (name) => {
    const headers = Object.fromEntries([[name, 'x']])
    const [read] = readAll(encodeRecordBatch([{ key: null, value: null, headers }], NOW), 0)
    expect(Object.entries(read!.headers).map(([name, value]) => [name, String(value)])).toEqual([[name, 'x']])
  })
})

describe('a record set', () => {
  const of = (base: number, values: readonly string[], attributes = 0, producerId = -1n) => {
    const batch = placed(
      encodeRecordBatch(
        values.map((value) => ({ key: null, value })),
        NOW,
      ),
      base,
    )
    batch.writeInt16BE(attributes, 21)
    batch.writeBigInt64BE(producerId, 43)
    return batch
  }
  const values = (set: Buffer, aborted: readonly AbortedTransaction[] = [], from = 0) => {
    const { records, end } = readRecordSet(set, AT, from, aborted)
    return { values: records.map(({ offset, value }) => `${offset}=${value}`), end }
  }
  const TRANSACTIONAL = 0b1_0000
  const MARKER = 0b11_0000

  test('is read batch after batch, and ends where the broker cut it off', () => {
    const set = Buffer.concat([of(5, ['a', 'b']), of(9, ['c']), of(10, ['d'])])
    expect(values(set)).toEqual({ values: ['5=a', '6=b', '9=c', '10=d'], end: 11 })
    expect(values(set.subarray(0, -1))).toEqual({ values: ['5=a', '6=b', '9=c'], end: 10 })
    expect(values(set.subarray(0, 70))).toEqual({ values: [], end: undefined })
    expect(values(Buffer.alloc(0))).toEqual({ values: [], end: undefined })
  })

  test('goes on behind what compaction took from a batch', () => {
    const batch = of(5, ['a'])
    batch.writeInt32BE(7, 23)
    expect(values(batch)).toEqual({ values: ['5=a'], end: 13 })
  })

  test('leaves out control records, and what was aborted up to its marker', () => {
    const set = Buffer.concat([
      of(0, ['one'], TRANSACTIONAL, 1n),
      of(1, ['two'], TRANSACTIONAL, 2n),
      of(2, ['plain']),
      of(3, ['marker'], MARKER, 1n),
      of(4, ['one again'], TRANSACTIONAL, 1n),
      of(5, ['marker'], MARKER, 2n),
      of(6, ['two again'], TRANSACTIONAL, 2n),
      of(7, ['marker'], MARKER, 1n),
    ])
    const both = ['4=one again', '6=two again']
    expect(values(set)).toEqual({ values: ['0=one', '1=two', '2=plain', ...both], end: 8 })
    const aborted = [
      { producerId: 2n, firstOffset: 1 },
      { producerId: 1n, firstOffset: 0 },
    ]
    expect(values(set, aborted)).toEqual({ values: ['2=plain', ...both], end: 8 })
    // A fetch that began in the middle of both.
    expect(values(set.subarray(of(0, ['one']).length), aborted, 1).values).toEqual(['2=plain', ...both])
  })
})

/** All records of one whole batch. */
function readAll(batch: Buffer, from: number): IncomingRecord[] {
  const { records, end } = readRecordSet(batch, AT, from, [])
  expect(end).toBeDefined()
  return records
}

/** As the broker stores it. */
function placed(batch: Buffer, baseOffset: number): Buffer {
  batch.writeBigInt64BE(BigInt(baseOffset), 0)
  return batch
}

/** By kafkajs' own hand. */
function decode(batch: Buffer): Promise<{ records: (IncomingRecord & { batchContext: unknown })[] }> {
  return readWithKafkaJs(new Decoder(batch))
}

function plain({ topic, partition, offset, timestamp, key, value, headers, bytes }: IncomingRecord) {
  const read = Object.entries(headers).map(([name, held]) => [
    name,
    Array.isArray(held) ? held.map(toText) : toText(held as HeaderValue),
  ])
  return {
    topic,
    partition,
    offset,
    timestamp,
    key: toText(key),
    value: toText(value),
    headers: Object.fromEntries(read),
    bytes,
  }
}

function expected({ key, value, headers = {}, timestamp = NOW }: OutgoingRecord, offset: number) {
  const read = Object.entries(headers).map(([name, held]) => [
    // A lone value in a list is the same bytes as one without.
    name,
    Array.isArray(held) && held.length > 1 ? held.map(toText) : toText([held].flat()[0] as HeaderValue),
  ])
  const bytes = [key, value].reduce((sum, one) => sum + (one === null ? 0 : Buffer.byteLength(one)), 0)
  return {
    ...AT,
    offset,
    timestamp,
    key: toText(key),
    value: toText(value),
    headers: Object.fromEntries(read),
    bytes,
  }
}

/** Bytes and text alike, so that both sides compare; lone surrogates become what UTF-8 has for them. */
function toText(part: HeaderValue): string | null {
  return part === null ? null : Buffer.from(part as Uint8Array).toString('latin1')
}
