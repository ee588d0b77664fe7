import type { EventHandler } from '@sluice/service'
import type { sampleTaken } from './definition.ts'
import { sampleAnalysed } from './output.ts'

/** What follows from sample-taken. Safe to repeat: output ids derive from the input's. */
export const handle: EventHandler<typeof sampleTaken> = (event) => [
  sampleAnalysed.from(event, { sampleId: event.data.sampleId, verdict: 'pure' }),
]
