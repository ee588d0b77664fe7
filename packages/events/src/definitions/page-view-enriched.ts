import { z } from 'zod'
import { defineEvent } from '../define-event.ts'
import { Id } from './values.ts'

export const pageViewEnriched = defineEvent({
  type: 'page-view-enriched',
  version: 1,
  origin: 'derived',
  owner: 'analytics',
  data: z.strictObject({
    visitorId: Id,
    sessionId: Id,
    path: z.string().max(2048),
    device: z.enum(['phone', 'tablet', 'desktop']),
    session: z.enum(['landing', 'browsing', 'engaged']),
    arrivedFrom: z.enum(['direct', 'internal', 'external']),
  }),
  key: (data) => data.visitorId,
  lanes: ['normal', 'low'],
  defaultPriority: 'low',
  example: {
    visitorId: 'v-33',
    sessionId: 's-91',
    path: '/tea',
    device: 'desktop',
    session: 'browsing',
    arrivedFrom: 'direct',
  },
})
