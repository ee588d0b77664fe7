import {
  DEFAULT_TENANT,
  dataSchemaOf,
  type Event,
  type EventDefinition,
  type EventOf,
  type Lane,
  nearestLane,
} from '@sluice/events'

export type BuildEventOptions<Data> = {
  /** Laid over the definition's example, field by field at the top level. */
  readonly data?: Partial<Data>
  /** Clipped to the definition's lanes, as the gateway does. */
  readonly priority?: Lane
  readonly id?: string
  readonly source?: string
  readonly tenant?: string
  readonly time?: string
  readonly subject?: string
  readonly receivedat?: string
  readonly traceparent?: string
  readonly correlationid?: string
  readonly causationid?: string
}

/**
 * A valid event of a definition: its example, with what the caller changes. Everything else is fixed, so two
 * calls build the same event.
 * @throws TypeError when the changed data is not valid.
 */
export function buildEvent<Definition extends EventDefinition>(
  definition: Definition,
  options: BuildEventOptions<EventOf<Definition>['data']> = {},
): EventOf<Definition> {
  const { data: changes, priority = definition.defaultPriority, ...attributes } = options
  const data = isObject(definition.example)
    ? { ...definition.example, ...changes }
    : (changes ?? definition.example)
  const errors = definition.validate(data)
  if (errors) throw new TypeError(`Not a valid ${definition.type}: ${JSON.stringify(errors)}`)
  const event: Event = {
    specversion: '1.0',
    id: `${definition.type}-1`,
    source: '/tests',
    type: definition.type,
    time: '2026-01-02T03:04:05.000Z',
    datacontenttype: 'application/json',
    dataschema: dataSchemaOf(definition.type, definition.version),
    receivedat: '1767323045000',
    tenant: DEFAULT_TENANT,
    ...attributes,
    priority: nearestLane(priority, definition.lanes),
    data,
  }
  return event as EventOf<Definition>
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
