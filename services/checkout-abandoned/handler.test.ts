import { checkoutAbandoned, notificationRequested } from '@sluice/events'
import { buildEvent } from '@sluice/testing'
import { given } from '@sluice/testing/given'
import { describe, it } from 'vitest'
import { handle } from './handler.ts'

describe('checkout-abandoned', () => {
  it('asks the customer to come back, naming the order, what it costs and what went wrong', async () => {
    await given(buildEvent(checkoutAbandoned, { data: { orderId: 'o-9', lastReason: 'card-expired' } }))
      .when(handle)
      .thenOutputs([
        {
          definition: notificationRequested,
          data: {
            customer: checkoutAbandoned.example.customer,
            template: 'checkout-abandoned',
            parameters: { orderId: 'o-9', reason: 'card-expired', amount: '4990', currency: 'EUR' },
          },
        },
      ])
  })
})
