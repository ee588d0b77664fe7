import { checkoutAbandoned, notificationRequested } from '@sluice/events'
import { runConsumer } from '@sluice/service'
import { handle } from './handler.ts'

await runConsumer({ consumes: checkoutAbandoned, produces: [notificationRequested], handle })
