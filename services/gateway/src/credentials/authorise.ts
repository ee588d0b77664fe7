import type { EventDefinition } from '@sluice/events'
import type { Credential } from './credential.ts'

/** What can be asked of the gateway, beside posting one event. */
export type Action = 'see-page' | 'read-catalogue' | 'post-events'

/**
 * Whether a credential, or who has none (null), may do something. What is not allowed here is refused: this and {@link mayPost} are the only
 * places that decide, for every route.
 */
export function authorise(credential: Credential | null, action: Action): boolean {
  // A browser asks for a page without a key. There is nothing of ours in it: what it shows it asks for, with a key.
  if (credential === null) return action === 'see-page'
  switch (action) {
    case 'see-page':
    // The whole catalogue, also types that it may not post: what is in it is no secret among producers.
    case 'read-catalogue':
    // Each event is asked about by itself.
    case 'post-events':
      return true
    default:
      return false
  }
}

/** Whether a credential may post events of a type. A derived type has to be granted by name. */
export function mayPost(
  { types }: Pick<Credential, 'types'>,
  { type, origin }: Pick<EventDefinition, 'type' | 'origin'>,
): boolean {
  return types === '*' ? origin === 'producer' : types.has(type)
}
