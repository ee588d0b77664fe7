import { notificationRequested, paymentFailed, paymentRetryScheduled } from '@sluice/events'
import { runConsumer } from '@sluice/service'
import { handle } from './handler.ts'

await runConsumer({
  consumes: paymentFailed,
  produces: [paymentRetryScheduled, notificationRequested],
  handle,
})
