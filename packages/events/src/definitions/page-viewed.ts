import { z } from 'zod'
import { defineEvent } from '../define-event.ts'
import { Id } from './values.ts'

export const pageViewed = defineEvent({
  type: 'page-viewed',
  version: 1,
  origin: 'producer',
  owner: 'web',
  data: z.strictObject({
    visitorId: Id,
    sessionId: Id,
    url: z.url().max(2048),
    referrer: z.url().max(2048).optional(),
    userAgent: z.string().max(512),
    viewportWidth: z.int().min(0).max(100_000),
    pageOfSession: z.int().min(1),
  }),
  key: (data) => data.visitorId,
  lanes: ['normal', 'low'],
  defaultPriority: 'low',
  example: {
    visitorId: 'v-33',
    sessionId: 's-91',
    url: 'https://shop.example.com/tea',
    userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
    viewportWidth: 1440,
    pageOfSession: 3,
  },
})
