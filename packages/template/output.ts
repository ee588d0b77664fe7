import { defineEvent, Id } from '@sluice/events'
import { z } from 'zod'

export const sampleAnalysed = defineEvent({
  type: 'sample-analysed',
  version: 1,
  origin: 'derived',
  owner: 'laboratory',
  data: z.strictObject({ sampleId: Id, verdict: z.enum(['pure', 'mixed']) }),
  key: (data) => data.sampleId,
  lanes: ['high', 'normal'],
  defaultPriority: 'normal',
  example: { sampleId: 'sample-1', verdict: 'pure' },
})
