import type { EventHandler } from '@sluice/service'
import type { sampleTaken } from '../definition.ts'

/** Notes each sample-taken event. Nothing follows from it. */
export const handle: EventHandler<typeof sampleTaken> = (_event, ctx) => {
  ctx.log.debug('handled')
}
