import { setTimeout as delay } from 'node:timers/promises'
import type { PublishOutcome, PublishRecord } from '@sluice/kafka'
import type { Sender } from './sender.ts'

/** A record to send, and the offset of what it is a copy of. */
export type Copy = { readonly record: PublishRecord; readonly offset: number }

export type SendInChunksOptions = {
  readonly sender: Sender
  /** Records a second; absent: as fast as Kafka takes them. */
  readonly rate?: number | undefined
  /** Ends after the chunk in hand. */
  readonly signal?: AbortSignal | undefined
  /** Told after each chunk, before the next is sent. What it answers is a failure, after which nothing more is sent. */
  readonly settled: (
    chunk: readonly Copy[],
    outcomes: readonly PublishOutcome[],
  ) => Promise<string | undefined>
}

/** How it ended. `failed`: a record was not stored, and nothing that came after its chunk was sent. */
export type SendEnd =
  | { readonly ended: 'done' }
  | { readonly ended: 'stopped' }
  | { readonly ended: 'failed'; readonly failure: string }

const CHUNK_RECORDS = 500
const CHUNK_BYTES = 4 * 1024 * 1024

/**
 * Sends copies in their order, one chunk after the other: the next only when Kafka acknowledged all of the one before.
 * So of a key nothing overtakes what failed, and a crash leaves one chunk of which nobody knows.
 */
export async function sendInChunks(
  copies: AsyncIterable<Copy>,
  { sender, rate, signal, settled }: SendInChunksOptions,
): Promise<SendEnd> {
  const chunkRecords = Math.min(CHUNK_RECORDS, rate ?? CHUNK_RECORDS)
  let chunk: Copy[] = []
  let bytes = 0
  let due = performance.now()

  /** How it ended, if it did. */
  async function sendChunk(): Promise<SendEnd | undefined> {
    const inHand = chunk
    chunk = []
    bytes = 0
    if (inHand.length === 0) return undefined
    if (rate !== undefined) {
      const wait = due - performance.now()
      if (wait > 0) await delay(wait, undefined, { ...(signal && { signal }) }).catch(() => {})
      due = Math.max(due, performance.now()) + (inHand.length / rate) * 1000
    }
    if (signal?.aborted) return { ended: 'stopped' }
    const outcomes = await sender.send(inHand.map(({ record }) => record))
    const failure = await settled(inHand, outcomes)
    if (failure !== undefined) return { ended: 'failed', failure }
    const failed = outcomes.findIndex(({ status }) => status !== 'stored')
    if (failed === -1) return undefined
    return { ended: 'failed', failure: describe(inHand[failed]!, outcomes[failed]!) }
  }

  for await (const copy of copies) {
    chunk.push(copy)
    bytes += sizeOf(copy)
    if (chunk.length < chunkRecords && bytes < CHUNK_BYTES) continue
    const end = await sendChunk()
    if (end) return end
  }
  const end = await sendChunk()
  return end ?? { ended: signal?.aborted ? 'stopped' : 'done' }
}

function sizeOf({ record: { key, value } }: Copy): number {
  return (key?.length ?? 0) + (value?.length ?? 0)
}

function describe({ record, offset }: Copy, outcome: PublishOutcome): string {
  const detail = 'detail' in outcome ? outcome.detail : outcome.status
  const known = outcome.status === 'unknown' ? 'it may or may not be stored' : 'it was not stored'
  return `Offset ${offset} to ${record.topic} ${record.partition}: ${known}. ${detail}`
}
