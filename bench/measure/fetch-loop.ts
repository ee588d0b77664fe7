import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { visitRecords } from './record-batch.ts'

/** Topics to read from their start, all on one broker, over one connection. */
export type FetchPlan = {
  readonly topics: readonly string[]
  readonly partitions: number
  /** The broker answers once it has this much, or after `maxWaitMs`. */
  readonly minBytes: number
  readonly maxWaitMs: number
}

export type FetchListener = {
  /** A key lies at `keyAt`, with a length of -1 when there is none. Only valid during the call. */
  record(bytes: Buffer, keyAt: number, keyLength: number, valueAt: number, valueLength: number): void
  /** After the records of one answer. */
  answered(): void
}

const FETCH = 1
const FETCH_VERSION = 4
const MAX_ANSWER_BYTES = 8 * 1024 * 1024
const MAX_PARTITION_BYTES = 1024 * 1024
/** No such partition, or no leader, yet: the topic was just made. */
const NOT_YET = new Set([3, 5, 6])
const NOT_YET_PAUSE_MS = 50

/**
 * Fetches without a group and without a client, one request after the other, for as long as the process lives:
 * 0.3 µs a record, where a client takes 2.5, so that the observer takes little from what it observes.
 * Rejects when the connection ends or the broker answers with an error.
 */
export async function fetchForever(port: number, plan: FetchPlan, listener: FetchListener): Promise<never> {
  const ask = openConnection(port)
  const offsets = new Map(
    plan.topics.map((topic) => [topic, Array.from({ length: plan.partitions }, () => 0)]),
  )
  for (;;) {
    const answer = await ask(encodeFetch(plan, offsets))
    const complete = readAnswer(answer, offsets, listener)
    listener.answered()
    if (!complete) await delay(NOT_YET_PAUSE_MS)
  }
}

type Offsets = ReadonlyMap<string, number[]>

function encodeFetch({ minBytes, maxWaitMs }: FetchPlan, offsets: Offsets): Buffer {
  const body: Buffer[] = [
    int(2, FETCH),
    int(2, FETCH_VERSION),
    int(4, 0), // correlation: one request at a time
    text('bench-observer'),
    int(4, -1), // not a replica
    int(4, maxWaitMs),
    int(4, minBytes),
    int(4, MAX_ANSWER_BYTES),
    int(1, 0), // read uncommitted
    int(4, offsets.size),
  ]
  for (const [topic, ofPartitions] of offsets) {
    body.push(text(topic), int(4, ofPartitions.length))
    for (const [partition, offset] of ofPartitions.entries()) {
      body.push(int(4, partition), int(8, offset), int(4, MAX_PARTITION_BYTES))
    }
  }
  return Buffer.concat([
    int(
      4,
      body.reduce((sum, part) => sum + part.length, 0),
    ),
    ...body,
  ])
}

/** Whether every partition was there. Moves the offsets on. */
function readAnswer(bytes: Buffer, offsets: Offsets, listener: FetchListener): boolean {
  const visit = (keyAt: number, keyLength: number, valueAt: number, valueLength: number) =>
    listener.record(bytes, keyAt, keyLength, valueAt, valueLength)
  let complete = true
  let at = 4 + 4 // correlation, throttle time
  let topics = bytes.readInt32BE(at)
  at += 4
  for (; topics > 0; topics--) {
    const nameLength = bytes.readInt16BE(at)
    const topic = bytes.toString('latin1', at + 2, at + 2 + nameLength)
    at += 2 + nameLength
    let partitions = bytes.readInt32BE(at)
    at += 4
    for (; partitions > 0; partitions--) {
      const partition = bytes.readInt32BE(at)
      const error = bytes.readInt16BE(at + 4)
      at += 4 + 2 + 8 + 8 // high watermark, last stable offset
      const aborted = bytes.readInt32BE(at)
      at += 4 + Math.max(0, aborted) * 16
      const length = Math.max(0, bytes.readInt32BE(at))
      at += 4
      if (NOT_YET.has(error)) complete = false
      else if (error !== 0) throw new Error(`Kafka answered a fetch of ${topic}/${partition} with ${error}.`)
      const next = visitRecords(bytes, at, at + length, visit)
      if (next !== undefined) offsets.get(topic)![partition] = next
      at += length
    }
  }
  return complete
}

/** Asks over one connection: an answer's bytes without their length. */
function openConnection(port: number): (request: Buffer) => Promise<Buffer> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  let waiting: { resolve(answer: Buffer): void; reject(error: Error): void } | undefined
  let chunks: Buffer[] = []
  let size = 0
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    size += chunk.length
    if (size < 4) return
    if (chunks[0]!.length < 4) chunks = [Buffer.concat(chunks)]
    const wanted = 4 + chunks[0]!.readInt32BE(0)
    if (size < wanted) return
    const answer = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
    chunks = []
    size = 0
    waiting?.resolve(answer.subarray(4))
  })
  let failure = new Error('Kafka closed the connection of the observer.')
  socket.on('error', (error) => {
    failure = error
  })
  socket.on('close', () => waiting?.reject(failure))
  return (request) =>
    new Promise((resolve, reject) => {
      waiting = { resolve, reject }
      if (socket.destroyed) return reject(failure)
      socket.write(request)
    })
}

function int(size: 1 | 2 | 4 | 8, value: number): Buffer {
  const bytes = Buffer.alloc(size)
  if (size === 8) bytes.writeBigInt64BE(BigInt(value))
  else bytes.writeIntBE(value, 0, size)
  return bytes
}

function text(value: string): Buffer {
  return Buffer.concat([int(2, Buffer.byteLength(value)), Buffer.from(value)])
}
