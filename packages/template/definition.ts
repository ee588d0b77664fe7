import { defineEvent, Id } from '@sluice/events'
import { z } from 'zod'

export const sampleTaken = defineEvent({
  type: 'sample-taken',
  version: 1,
  origin: 'producer',
  owner: 'laboratory',
  data: z.strictObject({ sampleId: Id, grams: z.int().min(1), takenBy: z.string().optional() }),
  key: (data) => data.sampleId,
  lanes: ['high', 'normal'],
  defaultPriority: 'normal',
  retry: 'unordered',
  retryDelays: ['5s', '1m'],
  retentionDays: 30,
  pii: ['/takenBy'],
  example: { sampleId: 'sample-1', grams: 3, takenBy: 'Ada' },
})
