import { fraudCheckRequested, orderPlaced, stockReserved } from '@sluice/events'
import { PoisonError, runConsumer } from '@sluice/service'

// A release of order-placed with a bug: it gives every order up. Started by a scenario in place of the real one.

await runConsumer({
  consumes: orderPlaced,
  produces: [stockReserved, fraudCheckRequested],
  handle() {
    throw new PoisonError('this release cannot read orders')
  },
})
