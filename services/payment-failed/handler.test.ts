import { type EventOf, notificationRequested, paymentFailed, paymentRetryScheduled } from '@sluice/events'
import { buildEvent } from '@sluice/testing'
import { given } from '@sluice/testing/given'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { handle } from './handler.ts'

type Failure = EventOf<typeof paymentFailed>['data']

const FAILED_AT = '2026-11-24T09:00:00.000Z'
const REASONS = ['insufficient-funds', 'card-expired', 'declined', 'provider-unreachable'] as const

const failureOf = (reason: Failure['reason'], attempt: number) =>
  buildEvent(paymentFailed, { time: FAILED_AT, data: { paymentId: 'p-1', orderId: 'o-1', reason, attempt } })

const retry = (attempt: number, notBefore: string) => ({
  definition: paymentRetryScheduled,
  data: { paymentId: 'p-1', orderId: 'o-1', amount: paymentFailed.example.amount, attempt, notBefore },
})

const notification = (reason: Failure['reason']) => ({
  definition: notificationRequested,
  data: {
    customer: paymentFailed.example.customer,
    template: 'payment-failed',
    parameters: { orderId: 'o-1', paymentId: 'p-1', reason, amount: '4990', currency: 'EUR' },
  },
})

describe('payment-failed', () => {
  it.each([
    ['provider-unreachable', 1, '2026-11-24T09:01:00.000Z'],
    ['provider-unreachable', 2, '2026-11-24T09:10:00.000Z'],
    ['provider-unreachable', 3, '2026-11-24T10:00:00.000Z'],
    ['insufficient-funds', 1, '2026-11-25T09:00:00.000Z'],
    ['insufficient-funds', 2, '2026-11-27T09:00:00.000Z'],
    ['insufficient-funds', 3, '2026-12-01T09:00:00.000Z'],
  ] as const)('schedules another attempt after %s, attempt %i', async (reason, attempt, notBefore) => {
    await given(failureOf(reason, attempt))
      .when(handle)
      .thenOutputs([retry(attempt + 1, notBefore)])
  })

  it.each(['provider-unreachable', 'insufficient-funds'] as const)(
    'tells the customer when no attempt is left after %s',
    async (reason) => {
      await given(failureOf(reason, 4))
        .when(handle)
        .thenOutputs([notification(reason)])
      await given(failureOf(reason, 100))
        .when(handle)
        .thenOutputs([notification(reason)])
    },
  )

  it.each(['card-expired', 'declined'] as const)(
    'tells the customer at once where waiting cannot help: %s',
    async (reason) => {
      await given(failureOf(reason, 1))
        .when(handle)
        .thenOutputs([notification(reason)])
    },
  )

  it('does exactly one of the two, and never schedules before the failure', async () => {
    const attempts = fc.integer({ min: 1, max: 100 })
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...REASONS), attempts, async (reason, attempt) => {
        const failure = failureOf(reason, attempt)
        const outputs = [await handle(failure, { now: new Date(failure.time) } as never)].flat()
        expect(outputs).toHaveLength(1)
        const { definition, data } = outputs[0]!
        expect(definition.validate(data)).toBeUndefined()
        if (definition === paymentRetryScheduled) {
          const { notBefore } = data as { notBefore: string }
          expect(Date.parse(notBefore)).toBeGreaterThan(Date.parse(FAILED_AT))
        }
      }),
    )
  })
})
