import { fraudCheckRequested, orderPlaced, stockReserved } from '@sluice/events'
import { runConsumer } from '@sluice/service'
import { handle } from './handler.ts'

await runConsumer({ consumes: orderPlaced, produces: [stockReserved, fraudCheckRequested], handle })
