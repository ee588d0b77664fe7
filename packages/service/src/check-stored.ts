import type { Event, EventDefinition } from '@sluice/events'
import { SchemaError } from './errors.ts'

/**
 * Checks an event that was read against the definition that this service reads. Fields that the definition does not
 * know are kept.
 * @throws SchemaError when it is not one of this definition.
 */
export function checkStored(event: Event, definition: EventDefinition): void {
  if (event.type !== definition.type) {
    throw new SchemaError(`The record holds a "${event.type}"; this service reads "${definition.type}".`)
  }
  const errors = definition.validateStored(event.data)
  if (errors) {
    throw new SchemaError(errors.map(({ pointer, detail }) => `${pointer || '/'}: ${detail}`).join(' '))
  }
}
