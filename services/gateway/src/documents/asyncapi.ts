import { decisionSchema, LIFTED_BY, LIFTED_REASON } from '@sluice/decisions'
import {
  type CatalogueEntry,
  CLOUDEVENTS_JSON,
  CONTENT_TYPE,
  cleanupPolicies,
  DECISIONS_TOPIC,
  DEFAULT_TENANT,
  dataSchemaOf,
  deadLetterTopic,
  type Event,
  encodeFramed,
  FRAMED_JSON,
  GENERATION,
  HOP,
  type JsonSchema,
  LANES,
  laneTopic,
  ORIGIN,
  OUTCOMES_TOPIC,
  planTopics,
  REJECTED_TOPIC,
  RULES_TOPIC,
  retryTopic,
  SERVICE,
  streamDeadLetterTopic,
  type TopicPlan,
} from '@sluice/events'
import { publishedRulesSchema, RULES_KEY } from '@sluice/rules'
import { z } from 'zod'
import { dataName, dataSchemas, refTo } from './event-schemas.ts'

/**
 * The topics as AsyncAPI 3: a channel for each that the catalogue plans, the messages in it, who sends and who receives.
 * Schemas are of draft 7, which AsyncAPI means where nothing else is said.
 */
export function asyncApiOf(entries: readonly CatalogueEntry[]) {
  const plans = planTopics(entries, { outcomes: true, quarantine: true, control: true })
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Sluice',
      version: '1.0.0',
      description:
        'Events as they are in Kafka. Every record is delivered at least once; tenant, source and id tell repeats. Events of one key keep their order inside a lane. Where SCHEMA_REGISTRY_URL is set, events are the messages called framed; content-type, and the first byte of the value, tell the two apart.',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: CLOUDEVENTS_JSON,
    channels: Object.fromEntries(
      plans.map((plan) => [plan.topic, channelOf(plan, messagesIn(entries, plan))]),
    ),
    operations: operationsOf(entries),
    components: {
      messages: {
        ...Object.fromEntries(entries.flatMap(messagesOf)),
        rejected: REJECTED,
        outcome: OUTCOME,
        rules: RULES,
        decision: DECISION,
        unread: UNREAD,
      },
      schemas: {
        ...dataSchemas(entries, 'draft-7'),
        ...Object.fromEntries(
          entries.map(({ definition: { type } }) => [storedName(type), storedEvent(type)]),
        ),
      },
    },
  }
}

const storedName = (type: string): string => `${type}.stored`
/** Of a message in its other form. */
const framedName = (name: string): string => `${name}.framed`
const retryName = (type: string): string => `${type}.retry`
const deadLetterName = (type: string): string => `${type}.dead-letter`

const FLOOD_GUARD_DLQ = streamDeadLetterTopic('flood-guard')

function messagesIn(entries: readonly CatalogueEntry[], { topic, kind }: TopicPlan): string[] {
  if (kind === 'outcomes') return ['outcome']
  if (kind === 'rejected') return ['rejected']
  if (topic === RULES_TOPIC) return ['rules']
  if (topic === DECISIONS_TOPIC) return ['decision']
  if (topic === FLOOD_GUARD_DLQ) return ['unread']
  if (kind === 'control') return []
  const nameOf = { lane: dataName, retry: retryName, 'dead-letter': deadLetterName }[kind]
  return entries
    .map(({ definition }) => definition.type)
    .filter((type) => topic.startsWith(`events.${type}.`))
    .flatMap((type) => [nameOf(type), framedName(nameOf(type))])
}

const ABOUT: Readonly<Record<TopicPlan['kind'], string>> = {
  lane: 'Events of one type and lane.',
  retry: 'What a service tries again after a fixed delay.',
  'dead-letter':
    'What a service gave up on, and npm run dlq lists and sends back; or what a stream job could not read.',
  outcomes: 'How each event ended, where books are kept (OUTCOMES=on).',
  rejected: 'What producers posted and the gateway rejected (QUARANTINE=on).',
  control: 'What changes how the gateway decides, while it runs.',
}

function channelOf(plan: TopicPlan, messages: readonly string[]) {
  const { topic, kind, partitions, retentionMs, retentionBytes, maxBatchBytes } = plan
  return {
    address: topic,
    description: ABOUT[kind],
    messages: Object.fromEntries(messages.map((name) => [name, { $ref: `#/components/messages/${name}` }])),
    bindings: {
      kafka: {
        topic,
        partitions,
        topicConfiguration: {
          'cleanup.policy': cleanupPolicies(plan),
          'retention.ms': retentionMs,
          ...(retentionBytes !== undefined && { 'retention.bytes': retentionBytes }),
          'max.message.bytes': maxBatchBytes,
        },
        bindingVersion: BINDING,
      },
    },
  }
}

const BINDING = '0.5.0'

type Operation = {
  readonly action: 'send' | 'receive'
  readonly channel: { readonly $ref: string }
  readonly title: string
  readonly bindings?: unknown
}

/** `<who>.<action>.<topic>`: AsyncAPI knows one channel an operation. */
function operationsOf(entries: readonly CatalogueEntry[]): Record<string, Operation> {
  const operations: Record<string, Operation> = {}
  const add = (
    who: string,
    action: Operation['action'],
    topic: string,
    title: string,
    bindings?: unknown,
  ) => {
    operations[`${who}.${action}.${topic}`] = {
      action,
      channel: { $ref: `#/channels/${topic}` },
      title,
      ...(bindings !== undefined && { bindings }),
    }
  }
  for (const { definition, services } of entries) {
    const { type, lanes, origin, retryDelays } = definition
    const topics = lanes.map((lane) => laneTopic(type, lane))
    for (const topic of topics) {
      add('gateway', 'send', topic, 'The gateway stores what was posted.')
      if (origin === 'derived')
        add('services', 'send', topic, 'Services write what follows from other events.')
    }
    for (const service of services) {
      const group = { kafka: { groupId: { type: 'string', enum: [service] }, bindingVersion: BINDING } }
      for (const topic of topics) add(service, 'receive', topic, `${service} handles it.`, group)
      for (const delay of retryDelays) {
        const topic = retryTopic(type, service, delay)
        add(service, 'send', topic, `${service} puts off what failed.`)
        add(service, 'receive', topic, `${service} tries again what is due.`, group)
      }
      add(service, 'send', deadLetterTopic(type, service), `${service} gives up.`)
      add(service, 'send', OUTCOMES_TOPIC, `${service} says how an event ended.`)
    }
  }
  add('gateway', 'send', OUTCOMES_TOPIC, 'The gateway says what it filtered, and what was a repeat.')
  add('gateway', 'send', REJECTED_TOPIC, 'The gateway keeps what it rejected.')
  add('gateway', 'send', RULES_TOPIC, "An operator's rules for all gateways, by PUT /v1/rules.")
  add('gateway', 'receive', RULES_TOPIC, 'Every gateway takes them, from the start of the topic.')
  add('gateway', 'send', DECISIONS_TOPIC, "An operator's decision, by POST /v1/decisions.")
  add('gateway', 'receive', DECISIONS_TOPIC, 'Every gateway takes them, from the start of the topic.')
  add('streams', 'send', DECISIONS_TOPIC, 'Stream jobs decide about events to come.')
  add('streams', 'send', FLOOD_GUARD_DLQ, 'The flood guard could not read it.')
  return operations
}

function messagesOf({ definition, services }: CatalogueEntry): [string, object][] {
  const { type, version, example, defaultPriority } = definition
  const payload: Event = {
    specversion: '1.0',
    id: '01a20ebf-4bc5-7621-bedc-8e7fd3e36998',
    source: '/producers/default',
    type,
    time: '2026-11-24T12:30:15.123Z',
    datacontenttype: 'application/json',
    dataschema: dataSchemaOf(type, version),
    priority: defaultPriority,
    receivedat: '1795523415123',
    tenant: DEFAULT_TENANT,
    data: example,
  }
  const key = { type: 'string', examples: [definition.key(example)] }
  const both = (name: string, title: string, headers: Headers) =>
    [
      [
        name,
        {
          name,
          title,
          contentType: CLOUDEVENTS_JSON,
          headers: { ...headers, properties: { ...CONTENT, ...headers.properties } },
          payload: refTo(storedName(type)),
          correlationId: {
            location: '$message.payload#/correlationid',
            description: 'Absent on the first of a chain.',
          },
          bindings: { kafka: { key, bindingVersion: BINDING } },
          examples: [{ name: type, payload, headers: { [CONTENT_TYPE]: CLOUDEVENTS_JSON } }],
        },
      ],
      [
        framedName(name),
        {
          name: framedName(name),
          title: `${title}, framed`,
          summary: 'CloudEvents in binary mode: the attributes are headers, the value is the data.',
          contentType: FRAMED_JSON,
          headers: framedHeaders(type, headers),
          payload: refTo(dataName(type)),
          correlationId: {
            location: '$message.header#/ce_correlationid',
            description: 'Absent on the first of a chain.',
          },
          bindings: {
            kafka: {
              key,
              schemaIdLocation: 'payload',
              schemaIdPayloadEncoding: 'confluent',
              bindingVersion: BINDING,
            },
          },
          examples: [{ name: type, payload: example, headers: encodeFramed(payload, 1).headers }],
        },
      ],
    ] satisfies [string, object][]
  return [
    ...both(dataName(type), type, EVENT_HEADERS),
    ...(services.length > 0 ? both(deadLetterName(type), `${type}, given up`, DEAD_LETTER_HEADERS) : []),
    ...(services.length > 0 && definition.retryDelays.length > 0
      ? both(retryName(type), `${type}, put off`, RETRY_HEADERS)
      : []),
  ]
}

/** The attributes of the whole event, but for what the content type says, behind a prefix; all of them text. */
function framedHeaders(type: string, { required = [], properties }: Headers): JsonSchema {
  const event = storedEvent(type)
  const isHeader = (name: string) => name !== 'data' && name !== 'datacontenttype'
  const attributes = Object.entries(event.properties).filter(([name]) => isHeader(name))
  return {
    type: 'object',
    required: [CONTENT_TYPE, ...event.required.filter(isHeader).map((name) => `ce_${name}`), ...required],
    properties: {
      [CONTENT_TYPE]: { const: FRAMED_JSON },
      ...Object.fromEntries(attributes.map(([name, schema]) => [`ce_${name}`, schema])),
      ...properties,
    },
  }
}

const digits = (description: string): JsonSchema => ({ type: 'string', pattern: '^[0-9]+$', description })
const text = (description: string): JsonSchema => ({ type: 'string', description })

const CONTENT = { [CONTENT_TYPE]: { const: CLOUDEVENTS_JSON } }
const REDELIVERY = {
  [GENERATION]: text('Which redrive or replay wrote it.'),
  [SERVICE]: text('The one service that it is for; absent: all.'),
}

type Headers = {
  readonly type: 'object'
  readonly required?: readonly string[]
  readonly properties: Readonly<Record<string, JsonSchema>>
}

const EVENT_HEADERS: Headers = { type: 'object', properties: REDELIVERY }

const RETRY_HEADERS: Headers = {
  type: 'object',
  required: [HOP, ORIGIN],
  properties: {
    ...REDELIVERY,
    [HOP]: digits('How many copies led here.'),
    [ORIGIN]: text('topic/partition/offset/timestamp/attempts/first-failed-at of what it is a copy of.'),
  },
}

const LETTER = {
  'dlq-original-topic': text('Where it was.'),
  'dlq-original-partition': digits('Where it was.'),
  'dlq-original-offset': digits('Where it was.'),
  'dlq-original-timestamp': digits('Milliseconds since the epoch.'),
  'dlq-service': text('Who gave up.'),
  'dlq-attempts': digits('How often it was tried.'),
  'dlq-first-failed-at': { type: 'string', format: 'date-time' },
  'dlq-reason': { enum: ['schema', 'handler', 'timeout', 'poison'] },
  'dlq-error-type': text("The error's name."),
  'dlq-error-message': text('At most 1 KiB.'),
  'dlq-stack': text('At most 4 KiB.'),
  'dlq-replay-count': digits('How often it was sent back.'),
  'kafka_dlt-original-topic': text('For Kafka UIs.'),
}

const DEAD_LETTER_HEADERS: Headers = {
  type: 'object',
  required: Object.keys(LETTER),
  properties: { ...REDELIVERY, ...LETTER },
}

/** The whole event. Services let unknown fields of the data through, so that a newer producer poisons nothing. */
function storedEvent(type: string) {
  return {
    type: 'object',
    required: [
      'specversion',
      'id',
      'source',
      'type',
      'time',
      'datacontenttype',
      'dataschema',
      'priority',
      'receivedat',
      'tenant',
      'data',
    ],
    properties: {
      specversion: { const: '1.0' },
      id: text('With tenant and source, its identity.'),
      source: text('Where it comes from.'),
      type: { const: type },
      time: {
        type: 'string',
        format: 'date-time',
        description: "When it happened, by the producer's clock.",
      },
      subject: text('What it is about.'),
      datacontenttype: { const: 'application/json' },
      dataschema: text('urn:sluice:<type>:<version>'),
      priority: { enum: LANES },
      receivedat: digits(
        "When the chain's first event was taken, by the gateway's clock: milliseconds since the epoch.",
      ),
      tenant: text('Whose it is.'),
      traceparent: text('W3C Trace Context.'),
      correlationid: text('The id of the event that began the chain; absent on that event itself.'),
      causationid: text('The id of the event that this one follows from.'),
      data: refTo(dataName(type)),
    },
    additionalProperties: {
      type: ['string', 'boolean', 'integer'],
      description: 'Extension attributes, as they were posted.',
    },
  }
}

const REJECTED = {
  name: 'rejected',
  title: 'A rejected event',
  contentType: 'application/json',
  headers: {
    type: 'object',
    required: ['rejected-code', 'rejected-errors', 'rejected-id', 'rejected-tenant', 'rejected-source'],
    properties: {
      'rejected-code': text('One of docs/errors.md.'),
      'rejected-errors': text('JSON: what is wrong, and where.'),
      'rejected-id': text('As it was answered.'),
      'rejected-type': text('As posted; absent where there was none.'),
      'rejected-credential': text('Who posted it.'),
      'rejected-tenant': text('Whose it is.'),
      'rejected-source': text("The credential's."),
      'rejected-max-priority': { enum: LANES },
      'rejected-receivedat': digits('Milliseconds since the epoch.'),
      'rejected-dataschema': text('What the gateway had for the type.'),
      'rejected-traceparent': text('W3C Trace Context, from the request.'),
    },
  },
  payload: { type: 'object', description: 'The event as it was posted.' },
}

const OUTCOME = {
  name: 'outcome',
  title: 'How an event ended',
  contentType: 'application/json',
  payload: {
    type: 'object',
    required: ['tenant', 'source', 'id', 'type', 'by', 'outcome'],
    properties: {
      tenant: { type: 'string' },
      source: { type: 'string' },
      id: { type: 'string' },
      type: { type: 'string' },
      by: text('gateway, or the service.'),
      outcome: { enum: ['handled', 'filtered', 'duplicate', 'dead-letter', 'skipped'] },
      reason: text('The rule that filtered it, or why it is a dead letter.'),
      hop: { type: 'integer', description: 'Which retry copy it was; absent: none.' },
      generation: text('Which redrive or replay; absent: none.'),
    },
    additionalProperties: false,
  },
  bindings: {
    kafka: { key: { type: 'string', description: 'The id of the event.' }, bindingVersion: BINDING },
  },
}

/** Not shown: what JSON Schema cannot say, like how long a decision may hold. */
function payloadOf(schema: z.ZodType): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { target: 'draft-7', io: 'input' })
  return rest
}

const RULES = {
  name: 'rules',
  title: 'The rules for all gateways',
  summary: 'A record without a value withdraws them: each gateway goes back to its file.',
  contentType: 'application/json',
  payload: payloadOf(publishedRulesSchema),
  bindings: { kafka: { key: { type: 'string', const: RULES_KEY }, bindingVersion: BINDING } },
}

const DECISION = {
  name: 'decision',
  title: 'A decision about events to come',
  summary:
    'A record without a value lifts the decision, and says in its headers who did so and why. A member that is null counts as absent.',
  contentType: 'application/json',
  headers: {
    type: 'object',
    properties: {
      [LIFTED_BY]: text('Who lifted it; of a record without a value.'),
      [LIFTED_REASON]: text('Why.'),
    },
  },
  payload: payloadOf(decisionSchema),
  bindings: {
    kafka: { key: { type: 'string', description: 'The id of the decision.' }, bindingVersion: BINDING },
  },
}

const UNREAD = {
  name: 'unread',
  title: 'A record that a stream job could not read',
  headers: {
    type: 'object',
    properties: {
      '__streams.errors.topic': text('Where it was.'),
      '__streams.errors.partition': text('Where it was.'),
      '__streams.errors.offset': text('Where it was.'),
      '__streams.errors.message': text('What was wrong.'),
    },
  },
  payload: { description: 'The value as it was.' },
}
