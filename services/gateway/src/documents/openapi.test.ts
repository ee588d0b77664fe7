import { Validator } from '@seriousme/openapi-schema-validator'
import { catalogue, LANES } from '@sluice/events'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { describe, expect, it } from 'vitest'
import { MEDIA_TYPES, NDJSON } from '../body/media-type.ts'
import { createTestCredentials } from '../credentials/credentials-fixture.ts'
import { createTestGateway } from '../gateway-fixture.ts'
import { type ProblemCode, problems } from '../problems.ts'
import { openApiOf } from './openapi.ts'

const document = openApiOf(catalogue)
const { post } = document.paths['/v1/events']
const content = post.requestBody.content
const responses = post.responses as unknown as Record<string, Response>
type Response = {
  readonly headers?: Readonly<Record<string, unknown>>
  readonly content: Readonly<Record<string, { readonly schema: { readonly properties?: unknown } }>>
}

const ajv = new Ajv2020({ strict: false, allErrors: true })
addFormats.default(ajv)
ajv.addSchema(document, 'openapi.json')

/** What a schema of the document says against a value. */
function faultsOf(value: unknown, path: string): unknown {
  const validate = ajv.compile({ $ref: `openapi.json#${path}` })
  return validate(value) ? [] : validate.errors
}

const escapeStep = (step: string) => step.replaceAll('~', '~0').replaceAll('/', '~1')

/** What is wrong with an answer to `POST /v1/events` by the document. */
function faultsOfAnswer({
  status,
  headers,
  json,
}: Awaited<ReturnType<ReturnType<typeof createTestGateway>['post']>>) {
  const response = responses[status]
  if (response === undefined) return [`${status} is not in the document`]
  const mediaType = String(headers['content-type'])
  if (!(mediaType in response.content)) return [`${status} has no ${mediaType}`]
  for (const name of ['Retry-After', 'RateLimit', 'RateLimit-Policy', 'Preference-Applied']) {
    if (headers[name.toLowerCase()] !== undefined && !(name in (response.headers ?? {}))) return [name]
  }
  return faultsOf(
    json,
    `/paths/~1v1~1events/post/responses/${status}/content/${escapeStep(mediaType)}/schema`,
  )
}

describe('the OpenAPI document', () => {
  it('is OpenAPI 3.1, by the official schema', async () => {
    const result = await new Validator().validate(
      structuredClone(document) as unknown as Record<string, unknown>,
    )
    expect(result).toEqual({ valid: true })
  })

  it('refers only to what it has', () => {
    const references = JSON.stringify(document).match(/"\$ref":"#[^"]+"/g)!
    for (const reference of new Set(references)) {
      const steps = reference.slice('"$ref":"#/'.length, -1).split('/')
      const target = steps.reduce<unknown>(
        (part, step) => (part as Record<string, unknown>)?.[step],
        document,
      )
      expect(target, reference).toBeDefined()
    }
  })

  it('has every public route of the gateway, and no other', async () => {
    const { server } = createTestGateway()
    const routes = new Set<string>()
    server.addHook('onRoute', ({ method, url }) => {
      for (const one of [method].flat()) {
        // Fastify answers HEAD wherever there is GET.
        if (one !== 'HEAD') routes.add(`${one} ${url.replace(/:(\w+)/g, '{$1}')}`)
      }
    })
    await server.ready()
    const described = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.keys(item)
        .filter((member) => member !== 'parameters')
        .map((method) => `${method.toUpperCase()} ${path}`),
    )
    expect(described.toSorted()).toEqual([...routes].toSorted())
  })

  it('has every media type that a body may have', () => {
    expect(Object.keys(content).toSorted()).toEqual([...MEDIA_TYPES].toSorted())
  })

  it('has every code that is not for operators alone, under its status', () => {
    const elsewhere = ['not-found', 'method-not-allowed']
    const described = Object.entries(responses).flatMap(([status, { content }]) => {
      const { code } = (content['application/problem+json']?.schema.properties ?? { code: { enum: [] } }) as {
        code: { enum: ProblemCode[] }
      }
      for (const one of code.enum) expect(String(problems[one].status)).toBe(status)
      return code.enum
    })
    const others = Object.keys(problems).filter((code) => !described.includes(code as ProblemCode))
    expect(others.filter((code) => !elsewhere.includes(code)).toSorted()).toEqual([
      'invalid-options',
      'job-running',
      'no-dead-letter',
      'no-job',
      'no-rejected-event',
      'operations-off',
      'too-many-jobs',
    ])
  })
})

describe.each(Object.entries(content))('an example of %s', (mediaType, { examples }) => {
  it.each(Object.entries(examples))('%s fits its schema', (_name, { value }) => {
    expect(
      faultsOf(value, `/paths/~1v1~1events/post/requestBody/content/${escapeStep(mediaType)}/schema`),
    ).toEqual([])
  })

  const posted = Object.entries(examples).filter(() => mediaType !== NDJSON)
  it.each(posted)('%s is answered as the document says', async (name, { value }) => {
    const gateway = createTestGateway()
    const [first] = catalogue
    const type = name === 'binary' ? first!.definition.type : name
    const attributes = { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/examples', 'ce-type': type }
    const answer = await gateway.post(value, {
      'content-type': mediaType,
      ...(name === 'binary' && attributes),
    })
    expect(faultsOfAnswer(answer)).toEqual([])
    const derived = catalogue.some(
      ({ definition }) => definition.type === name && definition.origin === 'derived',
    )
    expect(answer.status).toBe(derived ? 403 : 202)
  })
})

describe('an answer is as the document says', () => {
  const order = { type: 'order-placed', data: catalogue[0]!.definition.example }
  const full = () => ({ status: 'overloaded' }) as const
  const lateLanes = new Map([
    ['events.order-placed.normal', { drainSeconds: 90, budgetSeconds: 45, retryAfter: 45 }],
  ])
  const lost = () => ({ status: 'unknown', detail: '' }) as const

  it.each<[string, number, unknown, Record<string, string>?, Parameters<typeof createTestGateway>[0]?]>([
    ['a fault in the data', 422, { ...order, data: {} }],
    ['a fault in the event', 400, { ...order, priority: 'urgent', id: '' }],
    ['no JSON', 400, '{'],
    ['an unknown type', 404, { type: 'order-palced', data: {} }],
    ['a body that is too large', 413, order, {}, { maxBodyBytes: 10 }],
    ['another media type', 415, 'x', { 'content-type': 'text/plain' }],
    ['an expectation', 417, order, { expect: 'tea' }],
    ['a full lane', 503, order, {}, { outcome: full }],
    ['a late lane', 503, order, {}, { lateLanes }],
    ['a batch of which all is late', 503, [order, order], {}, { lateLanes }],
    ['no confirmation', 503, order, {}, { outcome: lost }],
    ['a batch of which all is refused', 503, [order, order], {}, { outcome: full }],
    ['a batch of which all is rejected', 422, [{}, 1]],
    ['a mixed batch', 207, [order, {}]],
    ['a batch, in short', 202, [order], { prefer: 'return=minimal' }],
    ['an idempotency key', 202, [order, order], { 'idempotency-key': '"k"' }],
    ['a malformed one', 400, order, { 'idempotency-key': '"' }],
    ['an unknown coding', 415, order, { 'content-encoding': 'br' }],
  ])('%s', async (_what, status, body, headers = {}, options = {}) => {
    const answer = await createTestGateway(options).post(body, headers)
    expect(faultsOfAnswer(answer)).toEqual([])
    expect(answer.status).toBe(status)
  })

  it.each([
    ['/v1/types', '~1v1~1types', '200', 'application/json'],
    ['/v1/types/order-placed', '~1v1~1types~1{type}', '200', 'application/json'],
    ['/v1/types/order-placed/schema', '~1v1~1types~1{type}~1schema', '200', 'application/schema+json'],
    ['/v1/types/order-palced', '~1v1~1types~1{type}', '404', 'application/problem+json'],
    ['/v1/types/order-palced/schema', '~1v1~1types~1{type}~1schema', '404', 'application/problem+json'],
    ['/openapi.json', '~1openapi.json', '200', 'application/json'],
    ['/asyncapi.json', '~1asyncapi.json', '200', 'application/json'],
  ])('GET %s', async (url, path, status, mediaType) => {
    const answer = await createTestGateway().server.inject(url)
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([Number(status), mediaType])
    const schema = `/paths/${path}/get/responses/${status}/content/${escapeStep(mediaType)}/schema`
    expect(faultsOf(answer.json(), schema.replaceAll('{', '%7B').replaceAll('}', '%7D'))).toEqual([])
  })

  it('a stream, line by line', async () => {
    const payload = `${content[NDJSON].examples.lines.value}{}\n5\n`
    const request = {
      method: 'POST',
      url: '/v1/events',
      payload,
      headers: { 'content-type': NDJSON },
    } as const
    const answer = await createTestGateway().server.inject(request)
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, NDJSON])
    const lines = answer.payload.trimEnd().split('\n')
    expect(lines).toHaveLength(5)
    for (const line of lines) expect(faultsOf(JSON.parse(line), '/components/schemas/StreamLine')).toEqual([])
  })

  it('who is not known, who may not, and who posts too much', async () => {
    const limits = { limits: { eventsPerSecond: 1, burst: 1 } }
    const { authenticate, as } = createTestCredentials({ name: 'one', types: ['order-placed'], ...limits })
    const { post } = createTestGateway({ authenticate })
    const answers = [
      await post(order),
      await post({ ...order, type: 'page-viewed' }, as('one')),
      await post(order, as('one')),
    ]
    answers.push(await post([order, order], as('one')))
    expect(answers.map(({ status }) => status)).toEqual([401, 403, 429, 429])
    for (const answer of answers) expect(faultsOfAnswer(answer)).toEqual([])
  })

  it('and refuses what the gateway refuses', () => {
    const event = '/components/schemas/BareEvent'
    expect(faultsOf(order, event)).toEqual([])
    expect(faultsOf({ ...order, priority: LANES[0] }, event)).toEqual([])
    for (const wrong of [
      { ...order, colour: 'red' },
      { ...order, data: {} },
      { ...order, type: 'x' },
      { ...order, id: '' },
    ]) {
      expect(faultsOf(wrong, event)).not.toEqual([])
    }
  })
})
