import { type JsonSchema, LANES } from '@sluice/events'
import { problems } from '../problems.ts'
import { STATUSES } from '../results.ts'
import { refTo } from './event-schemas.ts'

const POINTERS: JsonSchema = {
  type: 'array',
  description: 'Every fault that was found.',
  items: {
    type: 'object',
    required: ['pointer', 'detail'],
    properties: {
      pointer: { type: 'string', format: 'json-pointer', description: 'Into the event as it was posted.' },
      detail: { type: 'string' },
    },
  },
}

const RETRYABLE: JsonSchema = {
  type: 'boolean',
  description: 'Whether the very same may succeed later. If so, send it again with the same id.',
}

const STATUS: JsonSchema = {
  type: 'string',
  enum: STATUSES,
  description:
    'accepted: in Kafka. filtered: valid, and dropped by a rule. duplicate: accepted before. rejected: never send it again as it is. refused: nothing was stored, send it again later. unknown: Kafka did not confirm in time, send it again with the same id.',
}

const DRAIN: JsonSchema = {
  type: 'integer',
  minimum: 1,
  description:
    'Of an event that was refused because its services are behind: what they would need for what waits, in seconds.',
}

const PROBLEM: JsonSchema = {
  type: 'object',
  title: 'A problem document (RFC 9457)',
  required: ['type', 'title', 'status', 'detail', 'code', 'retryable'],
  properties: {
    type: { type: 'string', format: 'uri-reference' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string', enum: Object.keys(problems), description: 'Stable: programs may branch on it.' },
    retryable: RETRYABLE,
    outcome: { ...STATUS, description: 'What became of the event, where the problem is that of one.' },
    id: { type: 'string', description: 'The id of the event, given or generated.' },
    eventType: { type: ['string', 'null'] },
    suggestion: { type: 'string', description: 'The nearest type there is.' },
    drainSeconds: DRAIN,
    errors: POINTERS,
  },
}

const RESULT: JsonSchema = {
  type: 'object',
  title: 'The result of one event',
  required: ['index', 'id', 'type', 'status'],
  properties: {
    index: { type: 'integer', minimum: 0, description: 'Its place in the request.' },
    id: { type: 'string', description: 'Given or generated.' },
    type: { type: ['string', 'null'], description: 'As posted; null where there was none.' },
    status: STATUS,
    priority: { type: 'string', enum: LANES, description: 'The lane that it took.' },
    decidedBy: {
      type: 'string',
      description:
        'Who had the last word on the lane, or what dropped it: default, producer, rule:<name> or decision:<id>.',
    },
    code: refTo('Problem/properties/code'),
    retryable: RETRYABLE,
    errors: POINTERS,
    drainSeconds: DRAIN,
  },
}

const counts = Object.fromEntries(STATUSES.map((status) => [status, { type: 'integer', minimum: 0 }]))

const BATCH: JsonSchema = {
  type: 'object',
  title: 'The result of a batch',
  required: [...STATUSES, 'results'],
  properties: {
    ...counts,
    results: {
      type: 'array',
      description: 'In the order of the events; without the accepted ones under Prefer: return=minimal.',
      items: refTo('Result'),
    },
  },
}

const STREAM_LINE: JsonSchema = {
  title: 'A line of the answer to a stream',
  anyOf: [
    refTo('Result'),
    {
      type: 'object',
      title: 'The last line: everything was read',
      required: ['summary'],
      properties: { summary: { type: 'object', required: STATUSES, properties: counts } },
    },
    {
      type: 'object',
      title: 'The last line: the gateway ended the stream',
      required: ['error', 'next'],
      properties: {
        error: refTo('Problem'),
        next: {
          type: 'integer',
          minimum: 0,
          description: 'The index of the first event that was not taken.',
        },
      },
    },
  ],
}

const SUMMARY: JsonSchema = {
  type: 'object',
  title: 'A type, in short',
  required: ['type', 'version', 'origin', 'owner', 'lanes', 'defaultPriority', 'links'],
  properties: {
    type: { type: 'string' },
    version: { type: 'integer', minimum: 1 },
    origin: { enum: ['producer', 'derived'] },
    owner: { type: 'string' },
    lanes: { type: 'array', items: { enum: LANES } },
    defaultPriority: { enum: LANES },
    links: {
      type: 'object',
      required: ['self', 'schema'],
      properties: {
        self: { type: 'string', format: 'uri-reference' },
        schema: { type: 'string', format: 'uri-reference' },
      },
    },
  },
}

const DESCRIPTION: JsonSchema = {
  allOf: [refTo('TypeSummary')],
  type: 'object',
  title: 'A type, whole',
  required: ['services', 'retentionDays', 'pii', 'exampleKey', 'example', 'schema'],
  properties: {
    services: { type: 'array', items: { type: 'string' }, description: 'Who handles it.' },
    retentionDays: { type: 'integer', minimum: 1 },
    pii: {
      type: 'array',
      items: { type: 'string' },
      description: 'JSON Pointers to personal data; * is every element.',
    },
    exampleKey: { type: 'string', description: 'Events of one key keep their order inside a lane.' },
    example: { description: 'Valid data.' },
    schema: { type: 'object', description: 'JSON Schema 2020-12 of the data.' },
  },
}

/** What the ingest port answers, by name. */
export const answerSchemas: Readonly<Record<string, JsonSchema>> = {
  Problem: PROBLEM,
  Result: RESULT,
  BatchResult: BATCH,
  StreamLine: STREAM_LINE,
  TypeSummary: SUMMARY,
  TypeList: {
    type: 'object',
    required: ['types'],
    properties: { types: { type: 'array', items: refTo('TypeSummary') } },
  },
  TypeDescription: DESCRIPTION,
}
