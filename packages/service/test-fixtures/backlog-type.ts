import { defineEvent } from '@sluice/events'
import { z } from 'zod'

/** A type of a name that no other test uses. */
export function backlogType(type: string) {
  return defineEvent({
    type,
    version: 1,
    origin: 'derived',
    owner: 'tests',
    data: z.strictObject({ key: z.string() }),
    key: (data) => data.key,
    lanes: ['high', 'normal', 'low'],
    defaultPriority: 'normal',
    example: { key: 'k' },
  })
}
