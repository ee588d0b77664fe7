import { notificationRequested, shipmentDelayed } from '@sluice/events'
import { runConsumer } from '@sluice/service'
import { handle } from './handler.ts'

await runConsumer({ consumes: shipmentDelayed, produces: [notificationRequested], handle })
