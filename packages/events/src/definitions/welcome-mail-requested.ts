import { z } from 'zod'
import { defineEvent } from '../define-event.ts'
import { Id } from './values.ts'

export const welcomeMailRequested = defineEvent({
  type: 'welcome-mail-requested',
  version: 1,
  origin: 'derived',
  owner: 'messaging',
  data: z.strictObject({
    userId: Id,
    email: z.email().max(254),
    name: z.string().min(1).max(200),
    language: z.string().length(2),
    series: z.enum(['getting-started', 'team-onboarding']),
  }),
  key: (data) => data.userId,
  lanes: ['normal', 'low'],
  defaultPriority: 'normal',
  pii: ['/email', '/name'],
  example: {
    userId: 'u-12',
    email: 'grace@example.com',
    name: 'Grace',
    language: 'en',
    series: 'team-onboarding',
  },
})
