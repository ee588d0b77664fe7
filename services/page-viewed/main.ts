import { pageViewEnriched, pageViewed } from '@sluice/events'
import { runConsumer } from '@sluice/service'
import { handle } from './handler.ts'

await runConsumer({ consumes: pageViewed, produces: [pageViewEnriched], handle })
