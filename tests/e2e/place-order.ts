import { createClient } from '@sluice/client'
import { orderPlaced } from '@sluice/events'

export async function placeOrder(url: string, order = orderPlaced.example): Promise<string> {
  const client = createClient({
    url,
    onOutcome({ status, type, id, code }) {
      if (status !== 'accepted') console.warn(`${type} ${id}: ${status} ${code ?? ''}`)
    },
  })
  await client.ready()
  const outcome = await client.publish(orderPlaced, order)
  await client.close()
  return outcome.status
}
