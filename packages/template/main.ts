import { runConsumer } from '@sluice/service'
import { sampleTaken } from './definition.ts'
import { handle } from './handler.ts'
import { sampleAnalysed } from './output.ts'

await runConsumer({ consumes: sampleTaken, produces: [sampleAnalysed], service: 'sample-archive', handle })
