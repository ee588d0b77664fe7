import { runConsumer } from '@sluice/service'
import { sampleTaken } from '../definition.ts'
import { handle } from './handler.ts'

await runConsumer({ consumes: sampleTaken, produces: [], service: 'sample-archive', handle })
