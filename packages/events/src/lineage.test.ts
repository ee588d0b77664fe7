import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fraudCheckRequested } from './definitions/fraud-check-requested.ts'
import { pageViewEnriched } from './definitions/page-view-enriched.ts'
import { stockReserved } from './definitions/stock-reserved.ts'
import { dataSchemaOf, type Event, encodeEvent } from './envelope.ts'
import { LANES, nearestLane } from './lanes.ts'
import { completeOutput, createOutputEncoder, outputId } from './lineage.ts'

const cause: Event = {
  specversion: '1.0',
  id: 'e-1',
  source: '/shop',
  type: 'order-placed',
  time: '2026-11-24T08:00:00.000Z',
  datacontenttype: 'application/json',
  dataschema: dataSchemaOf('order-placed', 1),
  priority: 'high',
  receivedat: '1795507200000',
  tenant: 'default',
  data: {},
}
const reservation = { orderId: 'o-1', sku: 'tea', quantity: 1 }
const complete = (of: Event) => completeOutput(stockReserved.from(of, reservation), 0, 'order-placed')

/** Tenants, sources and ids hold no line break: the gateway refuses control characters. */
const word = fc.stringMatching(/^[a-z0-9/:-]{1,12}$/)
const identity = fc.record({ tenant: word, source: word, id: word, type: word, index: fc.nat(500) })
type Identity = typeof identity extends fc.Arbitrary<infer Value> ? Value : never
const idOf = ({ type, index, ...rest }: Identity) => outputId({ ...cause, ...rest }, type, index)

describe('outputId', () => {
  it('is the same for the same input on every attempt', () => {
    fc.assert(
      fc.property(identity, (of) => {
        expect(idOf(of)).toBe(idOf({ ...of }))
      }),
    )
  })

  it('does not depend on what a retry or a redrive may change', () => {
    const again: Event = { ...cause, priority: 'low', receivedat: '1', time: '2027-01-01T00:00:00Z', data: 7 }
    expect(outputId(again, 'stock-reserved', 3)).toBe(outputId(cause, 'stock-reserved', 3))
  })

  it('differs as soon as tenant, source, id, type or index do', () => {
    fc.assert(
      fc.property(identity, identity, (one, other) => {
        fc.pre(JSON.stringify(one) !== JSON.stringify(other))
        expect(idOf(one)).not.toBe(idOf(other))
      }),
    )
  })

  it.each(['tenant', 'source', 'id', 'type'] as const)('differs by %s alone', (attribute) => {
    const of: Identity = { tenant: 't', source: 's', id: 'i', type: 'y', index: 0 }
    expect(idOf({ ...of, [attribute]: 'other' })).not.toBe(idOf(of))
    expect(idOf({ ...of, index: 1 })).not.toBe(idOf(of))
  })

  it('does not run its parts together', () => {
    const of: Identity = { tenant: 't', source: 'ab', id: 'c', type: 'y', index: 0 }
    expect(idOf({ ...of, source: 'a', id: 'bc' })).not.toBe(idOf(of))
    expect(idOf({ ...of, type: 'y1', index: 1 })).not.toBe(idOf({ ...of, index: 11 }))
  })

  it('is 27 characters that need no escaping anywhere', () => {
    expect(outputId(cause, 'stock-reserved', 0)).toMatch(/^[A-Za-z0-9_-]{27}$/)
  })

  it('is this one, as long as stored events are to be recognised', () => {
    expect(outputId(cause, 'stock-reserved', 0)).toBe('_kIP3f4MZ2m2VffMHbfEUkzyhvH')
  })
})

describe('completeOutput', () => {
  it('fills in everything that the handler left out', () => {
    expect(complete(cause)).toEqual({
      specversion: '1.0',
      id: outputId(cause, 'stock-reserved', 0),
      source: '/services/order-placed',
      type: 'stock-reserved',
      time: cause.time,
      datacontenttype: 'application/json',
      dataschema: 'urn:sluice:stock-reserved:1',
      priority: 'high',
      receivedat: cause.receivedat,
      tenant: 'default',
      correlationid: 'e-1',
      causationid: 'e-1',
      data: reservation,
    })
  })

  it('leads back to the first event through any number of steps', () => {
    const second = complete(cause)
    const third = completeOutput(fraudCheckRequested.from(second, fraudCheckRequested.example), 0, 'risk')
    expect(third.correlationid).toBe(cause.id)
    expect(third.causationid).toBe(second.id)
    expect(third.receivedat).toBe(cause.receivedat)
  })

  it('clips the inherited priority to the lanes of the output', () => {
    for (const priority of LANES) {
      const { lanes } = stockReserved
      expect(lanes).toContain(complete({ ...cause, priority }).priority)
    }
    expect(complete({ ...cause, priority: 'low' }).priority).toBe('normal')
    const view = pageViewEnriched.from({ ...cause, priority: 'high' }, pageViewEnriched.example)
    expect(completeOutput(view, 0, 'page-viewed').priority).toBe('normal')
  })

  it('passes the trace and the tenant on', () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    expect(complete({ ...cause, traceparent, tenant: 'acme' })).toMatchObject({ traceparent, tenant: 'acme' })
    expect(complete(cause)).not.toHaveProperty('traceparent')
  })

  it('carries a subject only if the handler gave one', () => {
    const output = stockReserved.from(cause, reservation, { subject: 'tea' })
    expect(completeOutput(output, 0, 'order-placed').subject).toBe('tea')
    expect(complete(cause)).not.toHaveProperty('subject')
  })
})

describe('createOutputEncoder', () => {
  /** What JSON must escape and what UTF-8 cannot say, too: a service takes any text for an attribute. */
  const text = fc.string({ unit: 'binary' })

  it('writes byte for byte what encodeEvent writes of the completed output', () => {
    const causes = fc.record(
      {
        id: text,
        source: text,
        time: text,
        tenant: text,
        receivedat: text,
        priority: fc.constantFrom(...LANES),
        traceparent: text,
        correlationid: text,
      },
      { requiredKeys: ['id', 'source', 'time', 'tenant', 'receivedat', 'priority'] },
    )
    const outputs = fc.record(
      { data: fc.oneof(fc.jsonValue(), fc.constant(undefined)), subject: text },
      { requiredKeys: ['data'] },
    )
    const services = fc.constantFrom('order-placed', 'a "quoted" one')
    fc.assert(
      fc.property(causes, outputs, services, fc.nat(500), (changes, asked, service, index) => {
        const output = { definition: stockReserved, cause: { ...cause, ...changes }, ...asked }
        const lane = nearestLane(changes.priority, stockReserved.lanes)
        const encoded = createOutputEncoder(stockReserved, service)(output, index, lane)
        expect(encoded).toBe(encodeEvent(completeOutput(output, index, service)))
      }),
    )
  })
})
