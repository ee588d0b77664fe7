/** A kind of error. Stable: clients may branch on `code`; a code is never reused for something else. */
export type Problem = {
  /** The HTTP status when it is the answer to a request with one event, or to the request as a whole. */
  readonly status: number
  readonly title: string
  /** Whether sending the very same again may succeed. */
  readonly retryable: boolean
  /** What to do about it, when nothing more precise is known. */
  readonly detail: string
  /** Seconds for `Retry-After`. */
  readonly retryAfter?: number
}

/** Every code that the gateway answers with. `docs/errors.md` explains each under the same name. */
export const problems = {
  'invalid-request': problem(400, 'The request is malformed', 'Send a well-formed HTTP request.'),
  'empty-body': problem(400, 'The body is empty', 'Post one event, or an array of events.'),
  'invalid-json': problem(400, 'The body is not JSON', 'Post JSON in UTF-8.'),
  'invalid-compression': problem(
    400,
    'The body cannot be decompressed',
    'Send the body whole, and compressed as Content-Encoding says.',
  ),
  'too-deep': problem(400, 'The body is nested too deeply', 'Nest arrays and objects less deeply.'),
  'forbidden-key': problem(
    400,
    'The body has a forbidden key',
    'Do not use the key "__proto__", nor "constructor" with a "prototype" inside.',
  ),
  'empty-batch': problem(400, 'The batch is empty', 'Post at least one event.'),
  'invalid-event': problem(400, 'The event is malformed', 'See errors for what is wrong.'),
  'reserved-attribute': problem(
    400,
    'An attribute is reserved',
    'Leave out the attributes that only the gateway may set.',
  ),
  'invalid-idempotency-key': problem(
    400,
    'The Idempotency-Key is malformed',
    'Send one Idempotency-Key of 1 to 256 characters: in double quotes, or without if it has neither spaces nor commas.',
  ),
  unauthenticated: problem(
    401,
    'The token is missing or wrong',
    'Send "Authorization: Bearer <token>": a key of yours, or on the admin port the token of ADMIN_TOKEN.',
  ),
  'operations-off': problem(
    403,
    'Operations are switched off',
    'Set ADMIN_TOKEN, at least 16 characters, in the environment of the gateway, and start it again.',
  ),
  'not-allowed': problem(403, 'This is not allowed', 'Ask for a credential that may do this.'),
  'not-found': problem(404, 'There is nothing here', 'Check the path: events go to /v1/events.'),
  'no-dead-letter': problem(404, 'There is no such dead letter', 'GET the list of its type and service.'),
  'no-rejected-event': problem(404, 'There is no such rejected event', 'GET /v1/rejected.'),
  'no-job': problem(
    404,
    'There is no such job',
    'Another replica of the gateway may have it, or it ended long ago. GET /v1/jobs lists those of this one.',
  ),
  'no-decision': problem(
    404,
    'There is no such decision',
    'It is over, or was lifted, or this replica does not know it yet. GET /v1/decisions lists those that it knows.',
  ),
  'unknown-type': problem(404, 'The event type is not known', 'GET /v1/types lists the known types.'),
  'method-not-allowed': problem(
    405,
    'This method is not supported here',
    'The Allow header has those that are.',
  ),
  'request-timeout': problem(408, 'The request took too long', 'Send it sooner, without long pauses.', true),
  'id-reused': problem(
    409,
    'The id belongs to another event',
    'An earlier event has the same source and id but other content. Give each event an id of its own.',
  ),
  'job-running': problem(
    409,
    'A job works on this already',
    'Wait until it has ended, or stop it: DELETE /v1/jobs/<id>.',
  ),
  'body-too-large': problem(413, 'The body is too large', 'Send fewer events in one request.'),
  'batch-too-large': problem(413, 'The batch has too many events', 'Send fewer events in one request.'),
  'event-too-large': problem(
    413,
    'The event is too large',
    'Store large content elsewhere and send a reference.',
  ),
  'unsupported-media-type': problem(
    415,
    'The media type is not supported',
    'Use application/json, application/cloudevents+json, application/cloudevents-batch+json or application/x-ndjson, in UTF-8.',
  ),
  'expectation-failed': problem(
    417,
    'The expectation cannot be met',
    'Leave out the Expect header, or send "Expect: 100-continue".',
  ),
  'unsupported-data': problem(415, 'The data is not JSON', 'Send data as JSON, in the member "data".'),
  'invalid-options': problem(422, 'The options cannot be followed', 'See errors for what is wrong.'),
  'inexact-number': problem(
    422,
    'A number cannot be kept exactly',
    'Send numbers beyond 2^53, and those that no double can hold, as strings.',
  ),
  schema: problem(422, 'The data does not fit its type', 'See errors for what is wrong.'),
  'rate-limited': problem(
    429,
    'The credential has posted its share',
    'Nothing was stored. Wait as long as Retry-After says and send it again, with the same id.',
    true,
    1,
  ),
  'too-many-requests': problem(
    429,
    'The credential has too many requests open',
    'Wait until some are answered, or post several events in one request.',
    true,
    1,
  ),
  'headers-too-large': problem(431, 'The request headers are too large', 'Send fewer or shorter headers.'),
  internal: problem(
    500,
    'The gateway failed',
    'This is a bug of the gateway, and it is logged. Send it again later, with the same id.',
    true,
  ),
  overloaded: problem(
    503,
    'The lane is full',
    'Nothing was stored. Send it again later, with the same id.',
    true,
    1,
  ),
  'jwks-unavailable': problem(
    503,
    'The token cannot be checked',
    'The keys of its issuer cannot be fetched. Send it again later.',
    true,
    5,
  ),
  unavailable: problem(
    503,
    'Kafka is not available',
    'Nothing was stored. Send it again later, with the same id.',
    true,
    2,
  ),
  'after-refused': problem(
    503,
    'An earlier event of the same key was not stored',
    'Nothing was stored, so that the order of the key holds. Send both again, in order, with the same ids.',
    true,
    1,
  ),
  unconfirmed: problem(
    503,
    'Kafka did not confirm in time',
    'It may or may not be stored. Send it again with the same id.',
    true,
    1,
  ),
  stopping: problem(
    503,
    'The gateway stops',
    'Send what was not answered again, on a new connection, with the same ids.',
    true,
    1,
  ),
  'too-many-jobs': problem(
    503,
    'Too many jobs are running',
    'Wait until one has ended, or stop one: DELETE /v1/jobs/<id>.',
    true,
    10,
  ),
} satisfies Record<string, Problem>

export type ProblemCode = keyof typeof problems

/** What is wrong, and where (JSON Pointer into the event). */
export type ErrorDetail = { readonly pointer: string; readonly detail: string }

/** How many of an event's faults are told. */
export const MAX_ERRORS = 20

export const PROBLEM_JSON = 'application/problem+json'

/** What makes a problem more than its code. `members` are extensions of RFC 9457. */
export type ProblemContext = {
  readonly detail?: string
  readonly errors?: readonly ErrorDetail[] | undefined
  readonly members?: Readonly<Record<string, unknown>>
}

/** The RFC 9457 document of a code. `type` is relative to wherever Sluice's documentation is served. */
export function encodeProblem(code: ProblemCode, context: ProblemContext = {}): string {
  const { status, title, retryable, detail } = problems[code]
  const { errors, members } = context
  return JSON.stringify({
    type: `/docs/errors.md#${code}`,
    title,
    status,
    detail: context.detail ?? errors?.[0]?.detail ?? detail,
    code,
    retryable,
    ...members,
    ...(errors && errors.length > 0 && { errors }),
  })
}

/** What `Retry-After` says for a code, if anything. */
export function retryAfterOf(code: ProblemCode): number | undefined {
  return (problems[code] as Problem).retryAfter
}

function problem(
  status: number,
  title: string,
  detail: string,
  retryable = false,
  retryAfter?: number,
): Problem {
  return { status, title, retryable, detail, ...(retryAfter !== undefined && { retryAfter }) }
}
