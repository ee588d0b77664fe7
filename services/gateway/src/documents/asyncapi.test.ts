import specs from '@asyncapi/specs'
import { type Decision, encodeDecision, encodeLift } from '@sluice/decisions'
import { catalogue, type Event, encodeFramed, type Lane, listServices, planTopics } from '@sluice/events'
import { type IncomingRecord, toDeadLetter } from '@sluice/kafka'
import { type Rejection, rejectionHeaders } from '@sluice/operations'
import { decodePublishedRules } from '@sluice/rules'
import { buildEvent } from '@sluice/testing'
import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import { describe, expect, it } from 'vitest'
import { botView, createTestGateway } from '../gateway-fixture.ts'
import { NO_RULES } from '../rules/rules-fixture.ts'
import { asyncApiOf } from './asyncapi.ts'

const document = asyncApiOf(catalogue)
const { channels, operations } = document
const messages = document.components.messages as Readonly<Record<string, unknown>> as Readonly<
  Record<string, Message>
>
type Message = {
  readonly contentType: string
  readonly payload: object
  readonly headers: object
  readonly examples: readonly { readonly payload: unknown; readonly headers: unknown }[]
}

const decision: Decision = {
  id: 'payment-trouble/default/c-7',
  action: 'raise',
  scope: { tenant: 'default', key: 'c-7' },
  priority: 'high',
  reason: '3 failed payments within 5 minutes',
  evidence: { failures: 3 },
  by: 'payment-trouble',
  from: '2026-11-28T10:00:00.000Z',
  until: '2026-11-28T10:15:00.000Z',
}

const ajv = new Ajv({ strict: false, allErrors: true })
addFormats.default(ajv)
ajv.addSchema(document, 'asyncapi.json')

function faultsOf(value: unknown, path: string): unknown {
  const validate = ajv.compile({ $ref: `asyncapi.json#/components/messages/${path}` })
  return validate(value) ? [] : validate.errors
}

describe('the AsyncAPI document', () => {
  it('is AsyncAPI 3, by the official schema', () => {
    // The official schema brings draft 7 along, under the name that ajv would have it by, too.
    const official = new Ajv({ strict: false, allErrors: true, meta: false, validateSchema: false })
    addFormats.default(official)
    const validate = official.compile(specs.schemas['3.0.0'] as object)
    expect(validate(document) ? [] : validate.errors).toEqual([])
  })

  it('refers only to what it has', () => {
    for (const reference of new Set(JSON.stringify(document).match(/"\$ref":"#[^"]+"/g)!)) {
      const steps = reference.slice('"$ref":"#/'.length, -1).split('/')
      const target = steps.reduce<unknown>(
        (part, step) => (part as Record<string, unknown>)?.[step],
        document,
      )
      expect(target, reference).toBeDefined()
    }
  })

  it('has a channel for every topic that can be planned, as it is planned', () => {
    const plans = planTopics(catalogue, { outcomes: true, quarantine: true, control: true })
    expect(Object.keys(channels).toSorted()).toEqual(plans.map(({ topic }) => topic).toSorted())
    const types = catalogue.map(({ definition }) => definition.type)
    for (const { topic, partitions, retentionMs, compacted } of plans) {
      const { address, messages, bindings } = channels[topic]!
      expect(address).toBe(topic)
      const holdsEvents = types.some((type) => topic.startsWith(`events.${type}.`))
      expect(Object.keys(messages), topic).toHaveLength(holdsEvents ? 2 : 1)
      expect(bindings.kafka).toMatchObject({
        partitions,
        topicConfiguration: {
          'cleanup.policy': expect.arrayContaining([compacted ? 'compact' : 'delete']),
          'retention.ms': retentionMs,
        },
      })
    }
  })

  it('says of each service what it receives, as which group, and of each topic who writes it', () => {
    for (const { service, type } of listServices(catalogue)) {
      const { lanes } = catalogue.find(({ definition }) => definition.type === type)!.definition
      for (const lane of lanes) {
        expect(operations[`${service}.receive.events.${type}.${lane}`]).toMatchObject({
          action: 'receive',
          bindings: { kafka: { groupId: { enum: [service] } } },
        })
      }
    }
    const written = Object.values(operations).flatMap(({ action, channel }) =>
      action === 'send' ? [channel.$ref] : [],
    )
    expect([...new Set(written)].toSorted()).toEqual(
      Object.keys(channels)
        .map((topic) => `#/channels/${topic}`)
        .toSorted(),
    )
  })

  it('describes retry topics of types that are retried out of order', () => {
    const [{ definition, services }] = catalogue as [(typeof catalogue)[number]]
    const entries = [
      { definition: { ...definition, retry: 'unordered', retryDelays: ['5s'] } as const, services },
    ]
    const { channels, operations } = asyncApiOf(entries)
    const topic = `events.${definition.type}.${services[0]}.retry.5s`
    const names = [`${definition.type}.retry`, `${definition.type}.retry.framed`]
    expect(channels[topic]!.messages).toEqual(
      Object.fromEntries(names.map((name) => [name, { $ref: `#/components/messages/${name}` }])),
    )
    expect(Object.keys(operations).filter((name) => name.endsWith(topic))).toHaveLength(2)
  })

  it.each(Object.keys(messages).filter((name) => messages[name]!.examples))(
    'has an example of %s that fits',
    (name) => {
      const [{ payload, headers }] = messages[name]!.examples as [Message['examples'][number]]
      expect(faultsOf(payload, `${name}/payload`)).toEqual([])
      const wrong = name.endsWith('.framed') ? { colour: 7 } : { ...(payload as object), priority: 'urgent' }
      expect(faultsOf(wrong, `${name}/payload`)).not.toEqual([])
      if (!name.includes('.dead-letter')) expect(faultsOf(headers, `${name}/headers`)).toEqual([])
    },
  )
})

describe('what is written to Kafka is as the document says', () => {
  it('an event of each type, with the least and with the most that a producer can say', async () => {
    for (const { definition } of catalogue.filter(({ definition }) => definition.origin === 'producer')) {
      const { type, example, lanes } = definition
      const gateway = createTestGateway({ rules: NO_RULES })
      await gateway.post({ type, data: example })
      const more = {
        subject: 's',
        correlationid: 'c',
        priority: lanes[0] as Lane,
        shelf: 7,
        time: '2026-11-24T10:30:00Z',
      }
      const event = { specversion: '1.0', id: '1', source: '/s', type, data: example, ...more }
      await gateway.post(event, { 'content-type': 'application/cloudevents+json' })
      expect(gateway.published).toHaveLength(2)
      for (const { topic, value, headers } of gateway.published) {
        const [message] = Object.keys(channels[topic]!.messages)
        expect(faultsOf(JSON.parse(String(value)), `${message}/payload`)).toEqual([])
        expect(faultsOf(headers ?? {}, `${message}/headers`)).toEqual([])
      }
    }
  })

  it('an event of each type, framed', () => {
    for (const { definition } of catalogue) {
      const { type } = definition
      const event: Event = {
        ...buildEvent(definition),
        ...{ subject: 's', traceparent: '00', correlationid: 'c', causationid: 'd', shelf: 7 },
      }
      const { value, headers } = encodeFramed(event, 7)
      const message = messages[`${type}.framed`]!
      expect(message.contentType).toBe(headers['content-type'])
      expect(value.subarray(0, 5)).toEqual(Buffer.from([0, 0, 0, 0, 7]))
      expect(faultsOf(JSON.parse(String(value.subarray(5))), `${type}.framed/payload`)).toEqual([])
      expect(faultsOf(headers, `${type}.framed/headers`)).toEqual([])
      const { ce_tenant: _, ...without } = headers
      expect(faultsOf(without, `${type}.framed/headers`)).not.toEqual([])
    }
  })

  it('an outcome', async () => {
    const gateway = createTestGateway({ outcomes: true })
    await gateway.post(botView)
    expect(gateway.published.map(({ topic }) => topic)).toEqual(['events.outcomes'])
    expect(faultsOf(gateway.stored()[0], 'outcome/payload')).toEqual([])
  })

  it('a decision, and what lifts one', () => {
    const { value } = encodeDecision(decision)
    expect(faultsOf(JSON.parse(value), 'decision/payload')).toEqual([])
    expect(faultsOf({ ...decision, action: 'drop' }, 'decision/payload')).not.toEqual([])
    const { headers } = encodeLift(decision.id, { by: 'operator:ada', reason: 'paid' })
    const { properties } = messages['decision']!.headers as { properties: object }
    expect(Object.keys(properties)).toEqual(Object.keys(headers))
    expect(faultsOf(headers, 'decision/headers')).toEqual([])
  })

  it('published rules', () => {
    const rules = { text: 'version: 1', by: 'ada', why: 'a new source' }
    expect(decodePublishedRules(Buffer.from(JSON.stringify(rules)))).toEqual(rules)
    expect(faultsOf(rules, 'rules/payload')).toEqual([])
    expect(faultsOf({ text: 'version: 1' }, 'rules/payload')).not.toEqual([])
  })

  it('the headers of a rejected event', () => {
    const rejection: Rejection = {
      ...{ id: '1', type: 't', code: 'schema', errors: [], credential: 'c', tenant: 'd', source: '/s' },
      ...{ maxPriority: 'high', receivedat: '1', dataschema: 'urn:sluice:t:1', traceparent: '00' },
    }
    const written = rejectionHeaders(rejection)
    const { properties } = messages['rejected']!.headers as { properties: object }
    expect(Object.keys(properties).toSorted()).toEqual(Object.keys(written).toSorted())
    expect(faultsOf(written, 'rejected/headers')).toEqual([])
    expect(
      faultsOf(rejectionHeaders({ ...rejection, type: null, dataschema: undefined }), 'rejected/headers'),
    ).toEqual([])
  })

  it('the headers of a dead letter', () => {
    const record = { topic: 't', partition: 1, offset: 2n, timestamp: 3, key: null, value: null, headers: {} }
    const letter = {
      service: 's',
      reason: 'poison',
      attempts: 1,
      firstFailedAt: 0,
      error: new Error('e'),
    } as const
    const { headers } = toDeadLetter(record as unknown as IncomingRecord, letter, 'dlq')
    expect(faultsOf(headers, 'order-placed.dead-letter/headers')).toEqual([])
    expect(faultsOf({}, 'order-placed.dead-letter/headers')).not.toEqual([])
  })
})
