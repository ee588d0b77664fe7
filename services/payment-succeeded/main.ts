import { notificationRequested, paymentSucceeded } from '@sluice/events'
import { runConsumer } from '@sluice/service'
import { handle } from './handler.ts'

await runConsumer({ consumes: paymentSucceeded, produces: [notificationRequested], handle })
