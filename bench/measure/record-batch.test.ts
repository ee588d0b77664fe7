import { expect, test } from 'vitest'
import { CompressedBatchError, visitRecords } from './record-batch.ts'

test('visits keys and values of all records and says what to fetch next', () => {
  const bytes = Buffer.concat([
    batch(40, [
      ['k1', 'one'],
      [null, 'two'],
    ]),
    batch(42, [['k3', 'x'.repeat(300)]]),
  ])
  expect(read(bytes)).toEqual({
    next: 43,
    found: [
      ['k1', 'one'],
      [null, 'two'],
      ['k3', 'x'.repeat(300)],
    ],
  })
})

test('leaves a batch that was cut off for the next fetch', () => {
  const whole = batch(7, [['a', 'b']])
  const cut = batch(8, [['c', 'd']]).subarray(0, -1)
  expect(read(Buffer.concat([whole, cut]))).toEqual({ next: 8, found: [['a', 'b']] })
  expect(read(cut)).toEqual({ next: undefined, found: [] })
})

test('skips control batches, and goes on behind them', () => {
  expect(read(Buffer.concat([batch(0, [['marker', '']], 0b110000), batch(1, [['a', 'b']])]))).toEqual({
    next: 2,
    found: [['a', 'b']],
  })
})

test('refuses a compressed batch', () => {
  expect(() => read(batch(0, [['a', 'b']], 1))).toThrow(CompressedBatchError)
})

function read(bytes: Buffer) {
  const found: [string | null, string][] = []
  const next = visitRecords(bytes, 0, bytes.length, (keyAt, keyLength, valueAt, valueLength) => {
    const key = keyLength < 0 ? null : bytes.toString('utf8', keyAt, keyAt + keyLength)
    found.push([key, bytes.toString('utf8', valueAt, valueAt + valueLength)])
  })
  return { next, found }
}

/** By the description of the format, KIP-98. */
function batch(base: number, records: readonly [string | null, string][], attributes = 0): Buffer {
  const encoded = records.map(([key, value], delta) => {
    const body = Buffer.concat([
      Buffer.of(0),
      varint(1_000_000 + delta),
      varint(delta),
      key === null ? varint(-1) : Buffer.concat([varint(key.length), Buffer.from(key)]),
      Buffer.concat([varint(value.length), Buffer.from(value)]),
      Buffer.concat([varint(1), varint(1), Buffer.from('h'), varint(2), Buffer.from('hv')]),
    ])
    return Buffer.concat([varint(body.length), body])
  })
  const head = Buffer.alloc(61)
  head.writeBigInt64BE(BigInt(base), 0)
  head.writeInt32BE(61 - 12 + encoded.reduce((sum, one) => sum + one.length, 0), 8)
  head.writeInt8(2, 16)
  head.writeInt16BE(attributes, 21)
  head.writeInt32BE(records.length - 1, 23)
  head.writeInt32BE(records.length, 57)
  return Buffer.concat([head, ...encoded])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value < 0 ? -value * 2 - 1 : value * 2
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128)
  return Buffer.from([...bytes, rest])
}
