import { decodeEvent, type Event, type EventDefinition } from '@sluice/events'
import { SchemaError } from './errors.ts'

/**
 * The event in a record's value, checked against the definition that this service reads. Fields that the
 * definition does not know are kept.
 * @throws DecodeError when it is no event; SchemaError when it is not one of this definition.
 */
export function decode(value: Buffer | null, definition: EventDefinition): Event {
  const event = decodeEvent(value)
  if (event.type !== definition.type) {
    throw new SchemaError(`The record holds a "${event.type}"; this service reads "${definition.type}".`)
  }
  const errors = definition.validateStored(event.data)
  if (errors) {
    throw new SchemaError(errors.map(({ pointer, detail }) => `${pointer || '/'}: ${detail}`).join(' '))
  }
  return event
}
