import { completeOutput, notificationRequested, shipmentDelayed } from '@sluice/events'
import { buildEvent } from '@sluice/testing'
import { given } from '@sluice/testing/given'
import { describe, expect, it } from 'vitest'
import { handle } from './handler.ts'

describe('shipment-delayed', () => {
  it('tells the customer what is late, by how much, and when it comes', async () => {
    await given(buildEvent(shipmentDelayed, { data: { delayDays: 4, expectedOn: '2026-12-05' } }))
      .when(handle)
      .thenOutputs([
        {
          definition: notificationRequested,
          data: {
            customer: { id: 'c-7', email: 'ada@example.com' },
            template: 'shipment-delayed',
            parameters: {
              orderId: 'o-1001',
              shipmentId: 'sh-44',
              carrier: 'parcel-post',
              delayDays: '4',
              expectedOn: '2026-12-05',
            },
          },
        },
      ])
  })

  it.each(['high', 'normal'] as const)('sends the notification as %s as the delay came', async (priority) => {
    const delay = buildEvent(shipmentDelayed, { priority })
    const outputs = [await handle(delay, undefined as never)].flat()
    expect(completeOutput(outputs[0]!, 0, 'shipment-delayed').priority).toBe(priority)
  })
})
