import { notificationRequested, paymentSucceeded } from '@sluice/events'
import { buildEvent } from '@sluice/testing'
import { given } from '@sluice/testing/given'
import { describe, it } from 'vitest'
import { handle } from './handler.ts'

describe('payment-succeeded', () => {
  it('sends the customer a receipt over what was paid, for which order', async () => {
    await given(
      buildEvent(paymentSucceeded, { data: { paymentId: 'p-1', amount: { amount: 1250, currency: 'EUR' } } }),
    )
      .when(handle)
      .thenOutputs([
        {
          definition: notificationRequested,
          data: {
            customer: paymentSucceeded.example.customer,
            template: 'payment-received',
            parameters: { orderId: 'o-1001', paymentId: 'p-1', amount: '1250', currency: 'EUR' },
          },
        },
      ])
  })
})
