import { orderPlaced } from '@sluice/events'
import { createLogger } from '@sluice/telemetry'
import { buildEvent } from '@sluice/testing'
import { expect, test } from 'vitest'
import { HandlerCall } from './call.ts'

function call(event = buildEvent(orderPlaced)) {
  const lines: Record<string, unknown>[] = []
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) }
  const log = createLogger({ service: 'order-placed', level: 'info', destination })
  return { context: new HandlerCall(event, 2, log), lines }
}

test('the log says which event it is about, never what is in it', () => {
  const { context, lines } = call(buildEvent(orderPlaced, { id: 'o-9', traceparent: '00-a-b-01' }))
  context.log.info('looking')
  expect(lines[0]).toMatchObject({ type: 'order-placed', id: 'o-9', trace: '00-a-b-01', msg: 'looking' })
  expect(JSON.stringify(lines)).not.toContain('ada@example.com')
})

test('now is the time of the event, whenever it is handled', () => {
  const { context } = call(buildEvent(orderPlaced, { time: '2020-02-02T02:02:02.000Z' }))
  expect(context.now.toISOString()).toBe('2020-02-02T02:02:02.000Z')
  expect(context.now).toBe(context.now)
  expect(context.attempt).toBe(2)
})

test('the signal is aborted for whoever asked before and for whoever asks later', () => {
  const reason = new Error('out of time')
  const early = call().context
  const { signal } = early
  expect(signal.aborted).toBe(false)
  early.abort(reason)
  expect(signal.reason).toBe(reason)
  const late = call().context
  late.abort(reason)
  expect(late.signal.reason).toBe(reason)
})
