import { z } from 'zod'
import { defineEvent } from '../define-event.ts'
import { Id } from './values.ts'

export const userRegistered = defineEvent({
  type: 'user-registered',
  version: 1,
  origin: 'producer',
  owner: 'accounts',
  data: z.strictObject({
    userId: Id,
    email: z.email().max(254),
    name: z.string().min(1).max(200),
    locale: z.string().regex(/^[a-z]{2}(-[A-Z]{2})?$/, 'Use a language tag, like en or en-GB.'),
    plan: z.enum(['free', 'team', 'enterprise']),
  }),
  key: (data) => data.userId,
  lanes: ['normal', 'low'],
  defaultPriority: 'normal',
  pii: ['/email', '/name'],
  example: { userId: 'u-12', email: 'grace@example.com', name: 'Grace', locale: 'en-GB', plan: 'team' },
})
