import type { CatalogueEntry, JsonSchema } from '@sluice/events'
import { NDJSON } from '../body/media-type.ts'
import { encodeProblem, PROBLEM_JSON, type ProblemCode, problems, retryAfterOf } from '../problems.ts'
import { answerSchemas } from './answer-schemas.ts'
import { postedSchemas, refTo } from './event-schemas.ts'

/**
 * The public HTTP contract as OpenAPI 3.1: what the ingest port takes and every answer it gives. Data, examples and codes
 * are those of the definitions and of `problems`; what is said here by hand is compared with the gateway by tests.
 */
export function openApiOf(entries: readonly CatalogueEntry[]) {
  return {
    openapi: '3.1.1',
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    info: {
      title: 'Sluice',
      version: '1.0.0',
      summary: 'Takes events, and stores them in Kafka.',
      description:
        'An event is answered as accepted only after Kafka has it. Whatever is not accepted has a code that programs may branch on.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    // Without credentials at the gateway nobody needs one.
    security: [{ key: [] }, { certificate: [] }, {}],
    tags: [
      { name: 'events', description: 'Post events.' },
      { name: 'types', description: 'What may be posted.' },
      { name: 'documents', description: 'This contract, for programs and people.' },
    ],
    paths: {
      '/v1/events': { post: postEvents(entries) },
      '/v1/types': {
        get: read('types', 'listTypes', 'Lists the event types.', json(refTo('TypeList'))),
      },
      '/v1/types/{type}': {
        parameters: [typeParameter(entries)],
        get: read('types', 'describeType', 'Describes a type.', json(refTo('TypeDescription')), [
          'unknown-type',
        ]),
      },
      '/v1/types/{type}/schema': {
        parameters: [typeParameter(entries)],
        get: read(
          'types',
          'showSchema',
          "Shows the JSON Schema of a type's data.",
          { 'application/schema+json': { schema: { type: 'object' } } },
          ['unknown-type'],
        ),
      },
      '/openapi.json': {
        get: read('documents', 'showOpenApi', 'Shows this document.', json({ type: 'object' })),
      },
      '/asyncapi.json': {
        get: read('documents', 'showAsyncApi', 'Shows the topics, as AsyncAPI 3.', json({ type: 'object' })),
      },
      '/docs': {
        get: {
          ...read('documents', 'showPage', 'Shows a page to try this in a browser.', {
            'text/html': { schema: { type: 'string' } },
          }),
          security: [],
        },
      },
    },
    components: {
      schemas: { ...postedSchemas(entries), ...answerSchemas },
      headers: {
        AcceptEncoding: { description: 'The codings that are taken.', schema: { type: 'string' } },
        RateLimit: {
          description:
            'What is left of the limits of the credential, if it has any: "events" that may be posted now, "requests" that may be open beside those that are. With t: in as many seconds there is more.',
          schema: { type: 'string', examples: ['"events";r=420;t=1, "requests";r=3'] },
        },
        RateLimitPolicy: {
          description:
            'The limits of the credential, if it has any: how many events it may post (q) in how many seconds (w), and how many requests may be open at once. Each replica of the gateway counts by itself.',
          schema: {
            type: 'string',
            examples: ['"events";q=500;qu="events";w=1, "requests";q=4;qu="concurrent-requests"'],
          },
        },
        RetryAfter: { description: 'Seconds to wait.', schema: { type: 'integer', minimum: 1 } },
        PreferenceApplied: { description: 'The preference that was followed.', schema: { type: 'string' } },
        WwwAuthenticate: { description: 'How to say who you are.', schema: { type: 'string' } },
      },
      securitySchemes: {
        key: {
          type: 'http',
          scheme: 'bearer',
          description: 'The key of a credential, or a token of its issuer.',
        },
        certificate: {
          type: 'mutualTLS',
          description: 'A client certificate of a credential, where the gateway takes them.',
        },
      },
    },
  }
}

/** Codes of the admin port, which this document is not about. */
const OPERATORS_ONLY: readonly ProblemCode[] = [
  'operations-off',
  'no-dead-letter',
  'no-rejected-event',
  'no-job',
  'job-running',
  'invalid-options',
  'too-many-jobs',
]

/** What a path or a method that is not there is answered with, so no answer of an operation. */
const NO_OPERATION: readonly ProblemCode[] = ['not-found', 'method-not-allowed']

/** What any request may be answered with. */
const ANYWHERE: readonly ProblemCode[] = [
  'invalid-request',
  'unauthenticated',
  'not-allowed',
  'request-timeout',
  'expectation-failed',
  'headers-too-large',
  'internal',
  'jwks-unavailable',
]

/** Every code of the ingest port; what is new among the problems is one. */
const POST_CODES = (Object.keys(problems) as ProblemCode[]).filter(
  (code) => !OPERATORS_ONLY.includes(code) && !NO_OPERATION.includes(code),
)

function postEvents(entries: readonly CatalogueEntry[]) {
  return {
    tags: ['events'],
    operationId: 'postEvents',
    summary: 'Posts events.',
    description:
      'One event or many. One is answered by its result or its problem; many by counts and one result each. The order of a key holds inside a lane; after an event of a key that was not stored, later ones of that key in the request are refused, too.',
    parameters: [
      header(
        'Idempotency-Key',
        'Gives ids to the events that have none: the same for the same key and place.',
        {
          type: 'string',
          maxLength: 258,
        },
      ),
      header('Prefer', '"return=minimal" leaves accepted events out of the results.', { type: 'string' }),
      header('Content-Encoding', 'How the body is compressed.', {
        type: 'string',
        enum: ['identity', 'gzip', 'zstd'],
      }),
      header('traceparent', 'W3C Trace Context, for events that have none of their own.', { type: 'string' }),
      ...BINARY.map(([name, description]) =>
        header(`ce-${name}`, `Binary mode: ${description} The body is the data.`, { type: 'string' }),
      ),
    ],
    requestBody: { required: true, content: bodies(entries) },
    responses: withLimits({
      '200': {
        description:
          'A stream of lines was begun. One result a line, in order, while the body is still being read. The last line is the summary; without it the answer was cut off.',
        headers: PREFERENCE,
        content: { [NDJSON]: { schema: { type: 'string', description: 'Each line is a StreamLine.' } } },
      },
      '202': {
        description: 'Every event was taken: accepted, filtered or a duplicate.',
        headers: PREFERENCE,
        content: json({ anyOf: [refTo('Result'), refTo('BatchResult')] }),
      },
      '207': {
        description: 'Some events of the batch were taken and others not, or for different reasons.',
        headers: PREFERENCE,
        content: json(refTo('BatchResult')),
      },
      ...problemResponses(POST_CODES, {
        '422': 'Of a batch: every event was rejected.',
        '429': 'Of a batch: every event was over the rate.',
        '503': 'Of a batch: every event was refused or is unknown.',
      }),
    }),
  }
}

/** Whoever is known is told the limits, whatever the answer. */
function withLimits<Response extends { readonly headers?: Readonly<Record<string, unknown>> }>(
  responses: Readonly<Record<string, Response>>,
) {
  return Object.fromEntries(
    Object.entries(responses).map(([status, response]) => [
      status,
      status === '401' ? response : { ...response, headers: { ...response.headers, ...LIMITS } },
    ]),
  )
}

const LIMITS = {
  'RateLimit-Policy': { $ref: '#/components/headers/RateLimitPolicy' },
  RateLimit: { $ref: '#/components/headers/RateLimit' },
}

/** The attributes of binary mode that a producer sets; others may be there. */
const BINARY = [
  ['specversion', '"1.0".'],
  ['id', "the event's id."],
  ['source', 'where it comes from.'],
  ['type', 'its type.'],
  ['time', 'when it happened.'],
  ['subject', 'what it is about.'],
  ['priority', 'the lane that is wished for.'],
] as const

/** Every form of a body, with an example of each type. */
function bodies(entries: readonly CatalogueEntry[]) {
  const bare = entries.map(({ definition: { type, example } }) => ({ type, data: example }))
  const events = bare.map(({ type, data }, at) => ({
    specversion: '1.0',
    id: `example-${at + 1}`,
    source: '/examples',
    type,
    data,
  }))
  const named = <Value extends { readonly type: string }>(values: readonly Value[]) =>
    Object.fromEntries(values.map((value) => [value.type, { summary: value.type, value }]))
  const first = bare[0]!
  return {
    'application/cloudevents+json': { schema: refTo('CloudEvent'), examples: named(events) },
    'application/cloudevents-batch+json': {
      schema: { type: 'array', minItems: 1, items: refTo('CloudEvent') },
      examples: { batch: { summary: 'A batch', value: events.slice(0, 2) } },
    },
    [NDJSON]: {
      schema: { type: 'string', description: 'An event a line, bare or a CloudEvent; any number.' },
      examples: {
        lines: {
          summary: 'Two lines',
          value: events
            .slice(0, 2)
            .map((event) => `${JSON.stringify(event)}\n`)
            .join(''),
        },
      },
    },
    'application/json': {
      schema: {
        anyOf: [
          refTo('BareEvent'),
          { type: 'array', minItems: 1, items: refTo('BareEvent') },
          { ...refTo('Data'), description: 'With ce-* headers: binary mode.' },
        ],
      },
      examples: {
        ...named(bare),
        batch: { summary: 'A batch', value: bare.slice(0, 2) },
        binary: { summary: `${first.type} in binary mode, with ce-* headers`, value: first.data },
      },
    },
  }
}

const PREFERENCE = { 'Preference-Applied': { $ref: '#/components/headers/PreferenceApplied' } }

function read(
  tag: string,
  operationId: string,
  summary: string,
  content: Readonly<Record<string, unknown>>,
  codes: readonly ProblemCode[] = [],
) {
  return {
    tags: [tag],
    operationId,
    summary,
    responses: { '200': { description: summary, content }, ...problemResponses([...ANYWHERE, ...codes]) },
  }
}

/** One response for each status of some codes, with the problem of each code as an example. */
function problemResponses(codes: readonly ProblemCode[], ofBatches: Readonly<Record<string, string>> = {}) {
  const byStatus = Map.groupBy(codes, (code) => String(problems[code].status))
  const statuses = [...byStatus].sort(([one], [other]) => Number(one) - Number(other))
  return Object.fromEntries(
    statuses.map(([status, some]) => {
      const ofBatch = ofBatches[status]
      const meanings = some.map((code) => `${code}: ${problems[code].title}.`)
      return [
        status,
        {
          description: [...meanings, ...(ofBatch ? [ofBatch] : [])].join(' '),
          headers: {
            ...(some.some((code) => retryAfterOf(code) !== undefined) && {
              'Retry-After': { $ref: '#/components/headers/RetryAfter' },
            }),
            ...(status === '415' && { 'Accept-Encoding': { $ref: '#/components/headers/AcceptEncoding' } }),
            ...(status === '401' && { 'WWW-Authenticate': { $ref: '#/components/headers/WwwAuthenticate' } }),
          },
          content: {
            [PROBLEM_JSON]: {
              schema: { ...refTo('Problem'), properties: { code: { enum: some } } },
              examples: Object.fromEntries(
                some.map((code) => [
                  code,
                  { summary: problems[code].title, value: JSON.parse(encodeProblem(code)) },
                ]),
              ),
            },
            ...(ofBatch !== undefined && json(refTo('BatchResult'))),
          },
        },
      ]
    }),
  )
}

function header(name: string, description: string, schema: JsonSchema) {
  return { name, in: 'header', required: false, description, schema }
}

function typeParameter(entries: readonly CatalogueEntry[]) {
  const types = entries.map(({ definition }) => definition.type)
  return { name: 'type', in: 'path', required: true, schema: { type: 'string', examples: types } }
}

function json(schema: JsonSchema) {
  return { 'application/json': { schema } }
}
