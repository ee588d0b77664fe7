// A consumer service for the tests of runConsumer.
import { orderPlaced, stockReserved } from '@sluice/events'
import { runConsumer } from '../src/index.ts'

await runConsumer({ consumes: orderPlaced, produces: [stockReserved], handle: () => undefined })
