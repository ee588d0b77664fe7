import { z } from 'zod'
import { defineEvent } from '../define-event.ts'

/** Two events of one type and key with the same data under different ids. Written by the stream job `duplicates`. */
export const contentRepeated = defineEvent({
  type: 'content-repeated',
  version: 1,
  origin: 'derived',
  owner: 'platform',
  data: z.strictObject({
    type: z.string().min(1),
    /** Of the later one. */
    source: z.string().min(1),
    /** Of both, on Kafka. */
    key: z.string().min(1),
    /** SHA-256 of the data as it is stored, in lower-case hex. */
    content: z.string().regex(/^[0-9a-f]{64}$/),
    /** The earlier one first. */
    ids: z.array(z.string().min(1)).min(2),
    /** When Kafka got the earlier one, and the later. */
    firstSeenAt: z.iso.datetime({ offset: true }),
    lastSeenAt: z.iso.datetime({ offset: true }),
  }),
  key: (data) => data.key,
  lanes: ['low'],
  defaultPriority: 'low',
  example: {
    type: 'page-viewed',
    source: '/producers/default',
    key: 'v-33',
    content: '6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b',
    ids: ['view-1', 'view-2'],
    firstSeenAt: '2026-11-24T09:00:00.000Z',
    lastSeenAt: '2026-11-24T09:00:07.500Z',
  },
})
