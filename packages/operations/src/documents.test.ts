import { encodeFramed, orderPlaced } from '@sluice/events'
import type { IncomingRecord } from '@sluice/kafka'
import { buildEvent } from '@sluice/testing'
import { expect, it } from 'vitest'
import type { DeadLetter } from './dead-letter.ts'
import { listDeadLetterQueues } from './dead-letter-queue.ts'
import { deadLetterDocument } from './documents.ts'

const [queue] = listDeadLetterQueues([{ definition: orderPlaced, services: ['order-placed'] }])
const letter = { at: 0 } as DeadLetter
const email = orderPlaced.example.customer.email

function shown(value: string | null, raw: boolean): string | null {
  const record = { headers: {}, value: value === null ? null : Buffer.from(value) } as IncomingRecord
  return deadLetterDocument(queue!, letter, record, { raw }).value
}

it('shows the payload without its personal data, and with it on request', () => {
  const value = JSON.stringify({ id: 'o-1', data: orderPlaced.example })
  expect(value).toContain(email)
  expect(shown(value, false)).not.toContain(email)
  expect(JSON.parse(shown(value, false)!)).toMatchObject({ id: 'o-1', data: { orderId: expect.any(String) } })
  expect(shown(value, true)).toBe(value)
})

it('shows a framed payload as the event that it is, without its personal data', () => {
  const event = buildEvent(orderPlaced, { id: 'o-1' })
  const record = encodeFramed(event, 7) as unknown as IncomingRecord
  const { value } = deadLetterDocument(queue!, letter, record, { raw: false })
  expect(JSON.parse(value!)).toMatchObject({ id: 'o-1', data: { orderId: expect.any(String) } })
  expect(value).not.toContain(email)
})

it.each([`{"data":{"customer":{"email":"${email}"}`, `"${email}"`, 'null', ''])(
  'shows nothing of what it cannot read: %s',
  (value) => {
    expect(shown(value, false)).not.toContain('@')
    expect(shown(value, false)).toContain('shown only raw')
    expect(shown(value, true)).toBe(value)
  },
)

it('has no payload where there is none', () => {
  expect(shown(null, false)).toBeNull()
})
