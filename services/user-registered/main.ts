import { userRegistered, welcomeMailRequested } from '@sluice/events'
import { runConsumer } from '@sluice/service'
import { handle } from './handler.ts'

await runConsumer({ consumes: userRegistered, produces: [welcomeMailRequested], handle })
