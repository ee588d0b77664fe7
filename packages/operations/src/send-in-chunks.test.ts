import type { PublishOutcome, PublishRecord } from '@sluice/kafka'
import { describe, expect, it } from 'vitest'
import { type Copy, sendInChunks } from './send-in-chunks.ts'

const STORED: PublishOutcome = { status: 'stored' }
const TOO_LARGE: PublishOutcome = { status: 'failed', reason: 'too-large', detail: 'Too large.' }

async function* copies(count: number, valueBytes = 1): AsyncGenerator<Copy> {
  for (let offset = 0; offset < count; offset++) {
    const record: PublishRecord = {
      lane: 'l',
      topic: 't',
      partition: 0,
      key: 'k',
      value: 'x'.repeat(valueBytes),
    }
    yield { offset, record }
  }
}

function sender(answer: (offset: number) => PublishOutcome = () => STORED) {
  const chunks: number[] = []
  let next = 0
  return {
    chunks,
    async send(records: readonly PublishRecord[]) {
      chunks.push(records.length)
      return records.map(() => answer(next++))
    },
    close: async () => {},
  }
}

const settled = async () => undefined

describe('sending in chunks', () => {
  it('sends the next only when the one before is acknowledged and taken note of', async () => {
    const events: string[] = []
    const to = sender()
    const send = async (records: readonly PublishRecord[]) => {
      events.push(`send ${records.length}`)
      return to.send(records)
    }
    const end = await sendInChunks(copies(1200), {
      sender: { ...to, send },
      settled: async (chunk) => void events.push(`note ${chunk.at(-1)!.offset}`),
    })
    expect(end).toEqual({ ended: 'done' })
    expect(events).toEqual(['send 500', 'note 499', 'send 500', 'note 999', 'send 200', 'note 1199'])
  })

  it('sends nothing after the chunk in which one was refused, and says which', async () => {
    const to = sender((offset) => (offset === 501 ? TOO_LARGE : STORED))
    const end = await sendInChunks(copies(1500), { sender: to, settled })
    expect(to.chunks).toEqual([500, 500])
    expect(end).toEqual({
      ended: 'failed',
      failure: expect.stringContaining('Offset 501 to t 0: it was not stored.'),
    })
  })

  it('sends nothing more when no note could be taken', async () => {
    const to = sender()
    const end = await sendInChunks(copies(1500), { sender: to, settled: async () => 'No room.' })
    expect(to.chunks).toEqual([500])
    expect(end).toEqual({ ended: 'failed', failure: 'No room.' })
  })

  it('holds no more than 4 MiB of large records', async () => {
    const to = sender()
    await sendInChunks(copies(12, 1024 * 1024), { sender: to, settled })
    expect(to.chunks).toEqual([4, 4, 4])
  })

  it('stops after the chunk in hand', async () => {
    const stop = new AbortController()
    const to = sender()
    const end = await sendInChunks(copies(1500), {
      sender: to,
      signal: stop.signal,
      settled: async () => void stop.abort(),
    })
    expect(end).toEqual({ ended: 'stopped' })
    expect(to.chunks).toEqual([500])
  })

  it('sends at most as many a second as the rate says, and stops while it waits', async () => {
    const stop = new AbortController()
    const to = sender()
    const end = sendInChunks(copies(30), {
      sender: to,
      rate: 10,
      signal: stop.signal,
      // The next may go in a second.
      settled: async () => void setImmediate(() => stop.abort()),
    })
    expect(await end).toEqual({ ended: 'stopped' })
    expect(to.chunks).toEqual([10])
  })
})
