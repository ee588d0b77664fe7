import {
  catalogue,
  DECISIONS_TOPIC,
  deadLetterTopic,
  encodeEvent,
  laneTopic,
  orderPlaced,
  planTopics,
  REJECTED_TOPIC,
  RULES_TOPIC,
  stockReserved,
} from '@sluice/events'
import { partitionOf, toDeadLetter } from '@sluice/kafka'
import { rejectionHeaders } from '@sluice/operations'
import { createLogger, createMetrics } from '@sluice/telemetry'
import { buildEvent, createMemoryBroker, waitFor } from '@sluice/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { createLiveDecisions } from '../decisions/live-decisions.ts'
import { NOW } from '../gateway-fixture.ts'
import { createRejudge } from '../quarantine/rejudge.ts'
import { createActiveRules } from '../rules/active-rules.ts'
import { OWN_RULES } from '../rules/rules-fixture.ts'
import { createOperations } from './server.ts'

const TOKEN = 'a-token-of-sixteen-or-more'
const DLQ = deadLetterTopic('order-placed', 'order-placed')
const LANE = laneTopic('order-placed', 'normal')
const QUEUE = '/v1/dead-letters/order-placed/order-placed'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function setup(options: { token?: string | undefined } = {}) {
  const broker = createMemoryBroker()
  for (const { topic, partitions } of planTopics(catalogue, { quarantine: true, control: true }))
    broker.createTopic(topic, partitions)
  const lines: string[] = []
  const metrics = createMetrics('gateway')
  const rules = createActiveRules({ entries: catalogue, metrics, now: () => NOW })
  rules.take(OWN_RULES, { from: 'file', by: 'rules.yaml' })
  const decisions = createLiveDecisions({ metrics })
  decisions.stop()
  const operations = await createOperations({
    decisions,
    entries: catalogue,
    kafka: broker.client(),
    token: 'token' in options ? options.token : TOKEN,
    rejudge: (given) =>
      createRejudge({
        ...{ entries: catalogue, rules: rules.set, metrics, maxEventBytes: 512 * 1024, ...given },
        partitionOf: (key) => partitionOf(key, 3),
        typesOf: () => '*',
      }),
    rules,
    metrics,
    log: createLogger({
      service: 'gateway',
      level: 'info',
      destination: { write: (line: string) => void lines.push(line) },
    }),
  })
  closing.push(() => operations.stop(10_000))

  /** @param token null: none is sent */
  async function ask(
    method: 'GET' | 'POST' | 'DELETE' | 'PUT',
    url: string,
    body?: unknown,
    token: string | null = TOKEN,
  ) {
    const response = await operations.server.inject({
      method,
      url,
      headers: {
        ...(token !== null && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const { statusCode: status, headers, payload } = response
    return { status, headers, payload, json: payload === '' ? undefined : JSON.parse(payload) }
  }

  function giveUp(count: number, value?: Buffer): void {
    for (let n = 0; n < count; n++) {
      const event = Buffer.from(encodeEvent(buildEvent(orderPlaced, { id: `o-${n}` })))
      const record = {
        ...{ topic: LANE, partition: 0, offset: n, timestamp: Date.now(), bytes: 0 },
        ...{ key: Buffer.from('c-1'), value: value ?? event, headers: {} },
      }
      const {
        key,
        value: held,
        headers,
      } = toDeadLetter(
        record,
        { service: 'order-placed', reason: 'handler', attempts: 5, firstFailedAt: 0, error: new Error('no') },
        DLQ,
      )
      broker.append({ topic: DLQ, partition: 0 }, [{ key, value: held, headers: headers! }])
    }
  }

  async function over(id: string) {
    return waitFor(async () => {
      const { json } = await ask('GET', `/v1/jobs/${id}`)
      return json.status === 'running' ? undefined : json
    })
  }

  return { ...operations, decisions, broker, lines, metrics, ask, giveUp, over }
}

describe('rules', () => {
  const text =
    'rules:\n  - { name: big, type: order-placed, owner: checkout, when: data.total.amount > 9, effect: high }\n'
  const publish = { text, by: 'ada', why: 'large orders first' }

  it('are shown with what each did', async () => {
    const { ask } = await setup()
    const { status, json } = await ask('GET', '/v1/rules')
    expect(status).toBe(200)
    expect(json).toMatchObject({
      ...{ version: OWN_RULES.version, from: 'file', by: 'rules.yaml', since: new Date(NOW).toISOString() },
      rules: [
        { name: 'bots', types: ['page-viewed'], owner: 'web', effect: 'drop', evaluated: 0, matched: 0 },
        { name: 'long-delay' },
      ],
    })
  })

  it('are published for all gateways, and withdrawn, by somebody for a reason', async () => {
    const { ask, broker, lines } = await setup()
    expect((await ask('PUT', '/v1/rules', publish)).status).toBe(202)
    expect((await ask('DELETE', '/v1/rules?by=ada&why=done')).status).toBe(202)
    const records = broker.read(RULES_TOPIC)
    expect(records.map(({ key }) => key?.toString())).toEqual(['rules', 'rules'])
    expect(JSON.parse(records[0]!.value!.toString())).toEqual(publish)
    expect(records[1]!.value).toBeNull()
    expect(lines.join('')).toContain('"action":"publish-rules"')
    expect(lines.join('')).toContain('"action":"withdraw-rules"')
  })

  it.each([
    ['nobody', { ...publish, by: undefined }, '/by'],
    ['no reason', { ...publish, why: '' }, '/why'],
    ['a mistake', { ...publish, text: text.replace('total', 'totl') }, '/text'],
  ])('are not published with %s', async (_what, body, pointer) => {
    const { ask, broker } = await setup()
    const { status, json } = await ask('PUT', '/v1/rules', body)
    expect(status).toBe(422)
    expect(json.errors).toMatchObject([{ pointer }])
    expect(broker.read(RULES_TOPIC)).toEqual([])
  })
})

describe('operations are for whoever has the token', () => {
  const made = (path: string) =>
    path
      .replace(':type', 'order-placed')
      .replace(':service', 'order-placed')
      .replace(':offset', '0')
      .replace(':id', 'x')

  it('on every route', async () => {
    const { routes, ask } = await setup()
    expect(routes.length).toBeGreaterThanOrEqual(8)
    for (const { method, path } of routes) {
      for (const token of [null, '', 'a', `${TOKEN}x`, TOKEN.slice(1), TOKEN.toUpperCase()]) {
        const { status, headers, json } = await ask(method, made(path), undefined, token)
        expect({ method, path, token, status }).toEqual({ method, path, token, status: 401 })
        expect(json.code).toBe('unauthenticated')
        expect(headers['www-authenticate']).toBe('Bearer realm="sluice"')
      }
      expect((await ask(method, made(path))).status, `${method} ${path}`).not.toBe(401)
    }
  })

  it('and nothing is said to others about what there is', async () => {
    const { ask } = await setup()
    for (const path of ['/', '/v1/jobs/', '/v1/nothing', '/v1/dead-letters/x/y/z/a', '/v1/%ff', '/V1/jobs']) {
      const { json, payload } = await ask('GET', path, undefined, null)
      expect(['unauthenticated', 'invalid-request']).toContain(json.code)
      expect(payload).not.toContain('/v1/jobs/:id')
    }
    expect((await ask('PUT', '/v1/jobs', undefined, null)).status).toBe(401)
  })

  it('and for nobody where none is set: the answer says how to set one', async () => {
    const { routes, ask } = await setup({ token: undefined })
    for (const { method, path } of routes) {
      for (const token of [null, TOKEN, 'undefined']) {
        const { status, json } = await ask(method, made(path), undefined, token)
        expect({ status, code: json.code }).toEqual({ status: 403, code: 'operations-off' })
        expect(json.detail).toContain('ADMIN_TOKEN')
      }
    }
  })

  it('and a token stands in no log line and no answer', async () => {
    const { ask, lines, giveUp } = await setup()
    giveUp(1)
    const answers = [
      await ask('GET', '/v1/dead-letters'),
      await ask('GET', '/v1/jobs', undefined, 'wrong-token'),
    ]
    await ask('POST', `${QUEUE}/redrive`, { all: true })
    for (const text of [...lines, ...answers.map(({ payload }) => payload)]) {
      expect(text).not.toContain(TOKEN)
      expect(text).not.toContain('wrong-token')
    }
  })
})

describe('dead letters over HTTP', () => {
  it('are counted, listed and shown; a payload is text in JSON that no browser takes for anything else', async () => {
    const { ask, giveUp, lines } = await setup()
    giveUp(2)
    giveUp(1, Buffer.from('<script>alert(1)</script>'))
    const { json: all } = await ask('GET', '/v1/dead-letters')
    const counted = all.queues.filter(({ letters }: { letters: number }) => letters > 0)
    expect(counted).toMatchObject([
      { type: 'order-placed', service: 'order-placed', letters: 3, waiting: 3, links: { self: QUEUE } },
    ])
    const { json: list } = await ask('GET', `${QUEUE}?limit=2&filter=reason=handler`)
    expect(list.newest.map(({ offset }: { offset: number }) => offset)).toEqual([1, 2])
    expect((await ask('GET', `${QUEUE}/0`)).json.value).toContain('"email":"[redacted]"')
    expect((await ask('GET', `${QUEUE}/2`)).json.value).toContain('shown only raw')
    expect((await ask('GET', `${QUEUE}/2?raw=yes`)).status).toBe(422)
    const shown = await ask('GET', `${QUEUE}/2?raw=true`)
    expect(shown.json).toMatchObject({ offset: 2, reason: 'handler', value: '<script>alert(1)</script>' })
    expect(shown.headers).toMatchObject({
      'content-type': 'application/json',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'",
      'cache-control': 'no-store',
    })
    const audit = lines.filter((line) => line.includes('"audit":true'))
    expect(audit.map((line) => JSON.parse(line).raw)).toEqual([false, false, true])
    expect(JSON.parse(audit[2]!)).toMatchObject({
      action: 'show',
      topic: DLQ,
      offset: 2,
      remote: '127.0.0.1',
    })
    expect(audit[0]).not.toContain('script')
  })

  it('are redriven by a job, whose end can be looked at and is counted', async () => {
    const { ask, giveUp, over, broker, lines, metrics } = await setup()
    giveUp(3)
    const { status, headers, json } = await ask('POST', `${QUEUE}/redrive`, { all: true })
    expect(status).toBe(202)
    expect(headers['location']).toBe(`/v1/jobs/${json.id}`)
    expect(await over(json.id)).toMatchObject({
      status: 'done',
      kind: 'redrive',
      report: { sent: 3, planned: 3 },
    })
    expect(broker.read(LANE)).toHaveLength(3)
    expect((await ask('GET', '/v1/jobs')).json.jobs).toMatchObject([{ id: json.id, status: 'done' }])
    expect(await metrics.text()).toMatch(/sluice_redelivered_events_total\{.*by="redrive".*\} 3/)
    const actions = lines.map((line) => JSON.parse(line)).filter(({ audit }) => audit)
    expect(actions).toMatchObject([
      { action: 'redrive', target: DLQ, options: { all: true } },
      { action: 'redrive', target: DLQ, status: 'done', sent: 3 },
    ])
    expect((await ask('GET', QUEUE)).json).toMatchObject({ letters: 3, waiting: 0, redriven: 3 })
  })

  it.each<[string, unknown, string]>([
    ['nothing is selected', {}, ''],
    ['everything and a selection', { all: true, offset: 1 }, ''],
    ['a filter is none', { filter: ['colour=red'] }, '/filter'],
    ['an option is unknown', { all: true, topic: 'control.rules' }, ''],
    ['a number is none', { all: true, rate: '5' }, '/rate'],
    ['a number is too small', { all: true, max: 0 }, '/max'],
  ])('are not redriven when %s', async (_, options, pointer) => {
    const { ask, giveUp, broker } = await setup()
    giveUp(1)
    const { status, json } = await ask('POST', `${QUEUE}/redrive`, options)
    expect({ status, code: json.code }).toEqual({ status: 422, code: 'invalid-options' })
    expect(json.errors[0].pointer).toBe(pointer)
    expect(broker.read(LANE)).toEqual([])
  })

  it('that are not there are answered as such', async () => {
    const { ask } = await setup()
    expect((await ask('GET', `${QUEUE}/0`)).json.code).toBe('no-dead-letter')
    expect((await ask('GET', `${QUEUE}/x`)).json.code).toBe('no-dead-letter')
    const { status, json } = await ask('GET', '/v1/dead-letters/order-place/order-placed')
    expect(status).toBe(404)
    expect(json.detail).toContain('Did you mean "order-placed"?')
    expect((await ask('GET', '/v1/jobs/x')).json.code).toBe('no-job')
  })

  it('have a job that says what was selected, absolutely; the log says by what, and no key', async () => {
    const { ask, giveUp, over, lines } = await setup()
    giveUp(1)
    const filter = ['key=c-1', 'key=ada@example.com', 'since=2h']
    const { json } = await ask('POST', `${QUEUE}/redrive`, { filter, max: 5 })
    const [, , since] = json.options.filter
    expect(json.options).toMatchObject({ filter: ['key=c-1', 'key=ada@example.com', since], max: 5 })
    expect(since).toMatch(/^since=\d{4}-.+Z$/)
    expect((await over(json.id)).options).toEqual(json.options)
    const audit = lines.map((line) => JSON.parse(line)).find(({ action }) => action === 'redrive')
    expect(audit.options).toMatchObject({ filter: ['key', 'since'], max: 5 })
    expect(lines.join()).not.toContain('ada@')
  })

  it('have one job at a time, which can be stopped', async () => {
    const { ask, giveUp, over, broker } = await setup()
    giveUp(30)
    const { json: first } = await ask('POST', `${QUEUE}/redrive`, { all: true, rate: 10 })
    const second = await ask('POST', `${QUEUE}/redrive`, { all: true })
    expect(second).toMatchObject({ status: 409, json: { code: 'job-running', job: first.id } })
    await waitFor(() => broker.read(LANE).length > 0)
    expect((await ask('DELETE', `/v1/jobs/${first.id}`)).status).toBe(202)
    expect(await over(first.id)).toMatchObject({ status: 'stopped', report: { sent: 10 } })
    const { json: rest } = await ask('POST', `${QUEUE}/redrive`, { all: true })
    expect(await over(rest.id)).toMatchObject({ status: 'done', report: { sent: 20, redrivenBefore: 10 } })
  })
})

describe('rejected events over HTTP', () => {
  const email = orderPlaced.example.customer.email

  function keep(
    broker: Awaited<ReturnType<typeof setup>>['broker'],
    event: { readonly type: string; readonly data: unknown },
    code = 'schema',
  ): void {
    const headers = rejectionHeaders({
      ...{ id: 'e-1', type: event.type, code, errors: [{ pointer: '/data', detail: 'no' }] },
      ...{ credential: 'shop', tenant: 'acme', source: '/shop', maxPriority: 'high', receivedat: '1000' },
      ...{ dataschema: undefined, traceparent: undefined },
    })
    broker.append({ topic: REJECTED_TOPIC, partition: 0 }, [
      { key: null, value: JSON.stringify(event), headers },
    ])
  }

  it('are counted and listed, and shown without what is personal', async () => {
    const { ask, broker, lines } = await setup()
    keep(broker, { type: 'order-placed', data: orderPlaced.example })
    keep(broker, { type: 'order-place', data: orderPlaced.example }, 'unknown-type')
    const { json: list } = await ask('GET', '/v1/rejected?limit=1&filter=code=schema')
    expect(list).toMatchObject({ topic: REJECTED_TOPIC, exists: true, events: 1, waiting: 1 })
    expect(list.groups).toMatchObject([{ type: 'order-placed', code: 'schema', events: 1 }])
    expect(list.newest).toMatchObject([{ offset: 0, at: '1970-01-01T00:00:01.000Z', redriven: false }])
    const known = await ask('GET', '/v1/rejected/0')
    expect(known.json).toMatchObject({ code: 'schema', credential: 'shop', errors: [{ detail: 'no' }] })
    expect(known.json.value).toContain('"email":"[redacted]"')
    expect((await ask('GET', '/v1/rejected/1')).json.value).toContain('shown only raw')
    expect((await ask('GET', '/v1/rejected/1?raw=true')).json.value).toContain(email)
    for (const offset of ['2', 'x']) {
      const { status, json } = await ask('GET', `/v1/rejected/${offset}`)
      expect({ status, code: json.code }).toEqual({ status: 404, code: 'no-rejected-event' })
    }
    expect(lines.join()).not.toContain(email)
  })

  it('are let in by a job, once', async () => {
    const { ask, broker, over, metrics } = await setup()
    keep(broker, { type: 'order-placed', data: orderPlaced.example })
    keep(broker, { type: 'order-placed', data: {} })
    keep(broker, { type: 'stock-reserved', data: stockReserved.example }, 'not-allowed')
    const redrive = async (options: unknown) => {
      const { json } = await ask('POST', '/v1/rejected/redrive', options)
      return over(json.id)
    }
    expect(await redrive({ all: true })).toMatchObject({
      ...{ status: 'done', kind: 'redrive', target: REJECTED_TOPIC },
      report: { selected: 3, sent: 1, stillRejected: 1, notAllowed: 1 },
    })
    expect(await redrive({ all: true })).toMatchObject({ report: { redrivenBefore: 1, sent: 0 } })
    expect(await redrive({ offset: 2, notAllowed: true })).toMatchObject({ report: { selected: 1, sent: 1 } })
    expect(broker.read(LANE)).toHaveLength(1)
    expect(broker.read(laneTopic('stock-reserved', 'normal'))).toHaveLength(1)
    expect(await metrics.text()).toMatch(/sluice_redelivered_events_total\{.*by="quarantine".*\} 2/)
  })

  it.each<[string, unknown, string]>([
    ['nothing is selected', {}, ''],
    ['a filter is one of dead letters', { filter: ['reason=schema'] }, '/filter'],
    ['an option is unknown', { all: true, again: true }, ''],
  ])('are not judged when %s', async (_, options, pointer) => {
    const { ask } = await setup()
    const { status, json } = await ask('POST', '/v1/rejected/redrive', options)
    expect({ status, pointer: json.errors[0].pointer }).toEqual({ status: 422, pointer })
  })
})

describe('a replay over HTTP', () => {
  it('sends a time range once more', async () => {
    const { ask, over, broker } = await setup()
    const value = encodeEvent(buildEvent(orderPlaced, { id: 'o-1' }))
    broker.append({ topic: LANE, partition: 0 }, [{ key: 'c-1', value, timestamp: Date.now() - 60_000 }])
    const { status, json } = await ask('POST', '/v1/replays', { type: 'order-placed', from: '1h', run: 'r1' })
    expect(status).toBe(202)
    expect(await over(json.id)).toMatchObject({ status: 'done', report: { sent: 1, run: 'r1' } })
    expect(String(broker.read(LANE)[1]!.headers['sluice-generation'])).toBe('replay-r1')
  })

  it('says under which run, and from when to when, so that it can be gone on with', async () => {
    const { ask, over } = await setup()
    const { json } = await ask('POST', '/v1/replays', { type: 'order-placed', from: '1h' })
    const { run, from, to } = json.options
    const { report } = await over(json.id)
    expect(report).toMatchObject({ run, from: Date.parse(from), to: Date.parse(to) })
    expect((await ask('GET', `/v1/jobs/${json.id}`)).json.options).toEqual(json.options)
    const on = await ask('POST', '/v1/replays', json.options)
    expect(on).toMatchObject({ status: 202, json: { options: json.options } })
  })

  it.each<[string, Record<string, unknown>, number]>([
    ['of an unknown type', { type: 'order-place', from: '1h' }, 404],
    ['of a type that nobody reads', { type: 'stock-reserved', from: '1h' }, 404],
    ['without a time', { type: 'order-placed' }, 422],
    ['from no time', { type: 'order-placed', from: 'yesterday' }, 422],
    ['that ends before it begins', { type: 'order-placed', from: '1h', to: '2h' }, 422],
    ['with a name that is none', { type: 'order-placed', from: '1h', run: '../x' }, 422],
    ['with an option that there is not', { type: 'order-placed', from: '1h', topic: 'x' }, 422],
  ])('%s is refused', async (_, options, status) => {
    const { ask } = await setup()
    expect((await ask('POST', '/v1/replays', options)).status).toBe(status)
  })
})

describe('what goes wrong is a problem', () => {
  it('a method, a media type, a body', async () => {
    const { ask, server } = await setup()
    const put = await ask('PUT', '/v1/jobs')
    expect(put).toMatchObject({
      status: 405,
      headers: { allow: 'GET' },
      json: { code: 'method-not-allowed' },
    })
    expect((await ask('GET', '/v1/nothing')).json.code).toBe('not-found')
    expect((await ask('POST', '/v1/replays', '{')).json.code).toBe('invalid-json')
    expect((await ask('POST', '/v1/replays', '{"__proto__":{}}')).status).toBe(400)
    expect((await ask('POST', '/v1/replays', JSON.stringify('x'.repeat(70_000)))).json.code).toBe(
      'body-too-large',
    )
    const text = await server.inject({
      ...{ method: 'POST', url: '/v1/replays', payload: 'x' },
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'text/plain' },
    })
    expect(text.json()).toMatchObject({ status: 415, code: 'unsupported-media-type' })
  })

  it('an outage', async () => {
    const { ask, broker } = await setup()
    const over = broker.outage()
    expect(await ask('GET', '/v1/dead-letters')).toMatchObject({ status: 503, json: { code: 'unavailable' } })
    over()
    expect((await ask('GET', '/v1/dead-letters')).status).toBe(200)
  })
})

describe('decisions over HTTP', () => {
  const raise = {
    ...{ action: 'raise', scope: { tenant: 'default', key: 'c-7' }, for: '15m' },
    ...{ who: 'ada', why: 'they called us' },
  }

  async function setupDecisions() {
    const gateway = await setup()
    const records = () => gateway.broker.read(DECISIONS_TOPIC)
    return {
      ...gateway,
      records,
      /** Takes what is in the topic, as a gateway that follows it. */
      follow: () => records().map((record) => gateway.decisions.apply(record)),
    }
  }

  it('are made by somebody for a reason, stored, and then listed with what they did', async () => {
    const { ask, records, follow, decisions, lines } = await setupDecisions()
    const { status, headers, json } = await ask('POST', '/v1/decisions', {
      ...raise,
      evidence: { ticket: 7 },
    })
    expect(status).toBe(201)
    expect(json).toMatchObject({
      ...{ action: 'raise', scope: raise.scope, reason: 'they called us', by: 'operator:ada' },
      evidence: { ticket: 7 },
    })
    expect(Date.parse(json.until) - Date.parse(json.from)).toBe(15 * 60_000)
    expect(headers['location']).toBe(`/v1/decisions/${encodeURIComponent(json.id)}`)
    expect(records()).toHaveLength(1)
    expect(String(records()[0]!.key)).toBe(json.id)
    follow()
    decisions.get(json.id)!.hits = 3
    expect((await ask('GET', String(headers['location']))).json).toMatchObject({
      ...json,
      priority: 'high',
      hits: 3,
    })
    const { json: list } = await ask('GET', '/v1/decisions?key=c-7')
    expect(list).toMatchObject({ count: 1, live: 1, decisions: [{ id: json.id, live: true, hits: 3 }] })
    expect(list.decisions[0].secondsLeft).toBeGreaterThan(890)
    const audit = lines.map((line) => JSON.parse(line)).find(({ action }) => action === 'decide')
    expect(audit).toMatchObject({ decision: json.id, decided: 'raise', who: 'ada', why: 'they called us' })
    expect(JSON.stringify(audit)).not.toContain('c-7')
  })

  it('are lifted by somebody for a reason, which the tombstone carries', async () => {
    const { ask, records, follow, decisions } = await setupDecisions()
    const id = 'flood/a b/ü?'
    const until = new Date(Date.now() + 60_000).toISOString()
    const given = { ...raise, for: undefined, action: 'suppress', id, until }
    expect((await ask('POST', '/v1/decisions', given)).status).toBe(201)
    follow()
    const path = `/v1/decisions/${encodeURIComponent(id)}`
    expect((await ask('DELETE', path)).json.errors).toMatchObject([{ pointer: '/who' }, { pointer: '/why' }])
    const lifted = await ask('DELETE', path, { who: 'bob', why: 'all is well' })
    expect(lifted).toMatchObject({ status: 200, json: { id, lifted: { by: 'operator:bob' } } })
    const { key, value, headers } = records()[1]!
    expect([String(key), value]).toEqual([id, null])
    expect(String(headers['lifted-by'])).toBe('operator:bob')
    expect(String(headers['lifted-reason'])).toBe('all is well')
    follow()
    expect(decisions.list()).toEqual([])
    expect(await ask('DELETE', path, { who: 'bob', why: 'again' })).toMatchObject({ status: 404 })
    expect((await ask('GET', path)).json.code).toBe('no-decision')
  })

  it('with the longest id are found', async () => {
    const { ask, follow } = await setupDecisions()
    const id = '€'.repeat(256)
    const { status, headers } = await ask('POST', '/v1/decisions', { ...raise, id })
    expect(status).toBe(201)
    follow()
    expect((await ask('GET', String(headers['location']))).json.id).toBe(id)
  })

  it('that hold only later are listed, too; filters select by what is in scope', async () => {
    const { ask, follow } = await setupDecisions()
    const from = new Date(Date.now() + 3_600_000).toISOString()
    await ask('POST', '/v1/decisions', { ...raise, id: 'later', from })
    await ask('POST', '/v1/decisions', {
      ...raise,
      id: 'shop',
      scope: { source: '/shop' },
      action: 'suppress',
    })
    follow()
    const ids = async (query: string) =>
      (await ask('GET', `/v1/decisions${query}`)).json.decisions.map(({ id }: { id: string }) => id)
    expect(await ids('')).toEqual(['later', 'shop'])
    expect(await ids('?limit=1')).toEqual(['later'])
    expect(await ids('?source=/shop')).toEqual(['shop'])
    expect(await ids('?action=raise&by=operator:ada&tenant=default')).toEqual(['later'])
    expect(await ids('?key=c-8')).toEqual([])
    expect((await ask('GET', '/v1/decisions')).json).toMatchObject({ count: 2, live: 1 })
    const { json } = await ask('GET', '/v1/decisions/later')
    expect(json.live).toBe(false)
    expect(json.secondsUntilLive).toBeGreaterThan(3590)
    expect((await ask('GET', '/v1/decisions?colour=red')).status).toBe(422)
  })

  it.each<[string, object, string]>([
    ['nobody', { who: undefined }, '/who'],
    ['a name with spaces', { who: 'a b' }, '/who'],
    ['no reason', { why: ' ' }, '/why'],
    ['another action', { action: 'drop' }, '/action'],
    ['no scope', { scope: {} }, '/scope'],
    ['another member of the scope', { scope: { region: 'eu' } }, '/scope'],
    ['a type that is none', { scope: { type: 'order-place' } }, '/scope/type'],
    ['a priority of a suppression', { action: 'suppress', priority: 'low' }, '/priority'],
    ['no end', { for: undefined }, ''],
    ['two ends', { until: '2100-01-01T00:00:00Z' }, ''],
    ['a length that is none', { for: 'soon' }, '/for'],
    ['more than 31 days', { for: '32d' }, '/for'],
    ['an end that is over', { from: '2020-01-01T00:00:00Z' }, '/for'],
    ['a time that is none', { for: undefined, until: 'tomorrow' }, '/until'],
    ['a long id', { id: 'x'.repeat(257) }, '/id'],
    ['long evidence', { evidence: 'x'.repeat(5000) }, '/evidence'],
    ['something more', { urgent: true }, ''],
  ])('are not made with %s', async (_what, change, pointer) => {
    const { ask, records } = await setupDecisions()
    const { status, json } = await ask('POST', '/v1/decisions', { ...raise, ...change })
    expect({ status, code: json.code }).toEqual({ status: 422, code: 'invalid-options' })
    expect(json.errors[0].pointer).toBe(pointer)
    expect(records()).toEqual([])
  })

  it('that Kafka does not take are not made, and the answer says so', async () => {
    const { ask, broker } = await setupDecisions()
    const at = { topic: DECISIONS_TOPIC, partition: 0 }
    broker.failNext(at, 1, { status: 'failed', reason: 'not-authorised', retriable: false, detail: 'No.' })
    const { status, json } = await ask('POST', '/v1/decisions', raise)
    expect({ status, code: json.code }).toEqual({ status: 503, code: 'unavailable' })
    expect(json.detail).toContain('Nothing was changed')
  })
})
