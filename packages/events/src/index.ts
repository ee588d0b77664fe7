export {
  type CatalogueEntry,
  catalogue,
  cleanupPolicies,
  listServices,
  OUTCOME_PARTITIONS,
  PARTITIONS_PER_TYPE,
  planTopics,
  type TopicPlan,
} from './catalogue.ts'
export {
  type DataError,
  defineEvent,
  type EventDefinition,
  type EventOf,
  type EventSpec,
  type Output,
} from './define-event.ts'
export { Customer, Id, Item, Money } from './definitions/values.ts'
export * from './definitions.ts'
export {
  DEFAULT_TENANT,
  DecodeError,
  dataSchemaOf,
  decodeEvent,
  type Event,
  encodeEvent,
  type StoredRecord,
} from './envelope.ts'
export { encodeFramed, FRAMED_JSON, isFramed, readAttribute, schemaIdOf } from './framed.ts'
export {
  CLOUDEVENTS_JSON,
  CONTENT_TYPE,
  GENERATION,
  HOP,
  ORIGIN,
  REDELIVERY_PREFIX,
  type RecordHeaders,
  SERVICE,
  textOf,
} from './headers.ts'
export { type Identity, identityOf, readIdentity } from './identity.ts'
export { type JsonSchema, jsonSchemaOf } from './json-schema.ts'
export { capLane, isLane, LANE_SHARES, LANES, type Lane, type LaneShare, nearestLane } from './lanes.ts'
export { completeOutput, createOutputEncoder, outputId } from './lineage.ts'
export { REDACTED, redact } from './redact.ts'
export { RETRY_DELAYS, retryDelayMs } from './retry-delays.ts'
export {
  DECISIONS_TOPIC,
  deadLetterTopic,
  laneTopic,
  MAX_NAME_LENGTH,
  NAME_PATTERN,
  OUTCOMES_TOPIC,
  REJECTED_TOPIC,
  RULES_TOPIC,
  retryTopic,
  schemaSubject,
  streamDeadLetterTopic,
} from './topics.ts'
