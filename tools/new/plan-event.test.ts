import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { catalogue } from '@sluice/events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { changeTree } from './change-tree.ts'
import { RefusedError } from './errors.ts'
import { type EventWish, type Plan, planEvent, planService } from './plan-event.ts'
import { planRemove } from './plan-remove.ts'

const ROOT = join(import.meta.dirname, '../..')
const plan = (wish: Partial<EventWish>) =>
  planEvent(ROOT, catalogue, { type: 'parcel-lost', fields: 'parcelId:string,mail:email', ...wish })
const textOf = ({ changes }: Plan, end: string) => changes.find(({ path }) => path.endsWith(end))?.text ?? ''
const samples = (...data: unknown[]) => ({ fields: undefined, samples: { from: 'x.json', data } })

describe('planEvent', () => {
  it('takes defaults where nothing was said', () => {
    const text = textOf(plan({}), 'definitions/parcel-lost.ts')
    for (const line of [
      "  origin: 'producer',",
      "  owner: 'unassigned',",
      '  key: (data) => data.parcelId,',
      "  lanes: ['high', 'normal'],",
      "  defaultPriority: 'normal',",
      "  pii: ['/mail'],",
    ]) {
      expect(text.split('\n')).toContain(line)
    }
  })

  it.each<[Partial<EventWish>, string]>([
    [{ lanes: 'low,high' }, "  lanes: ['high', 'low'],\n  defaultPriority: 'high',"],
    [{ lanes: 'low', priority: 'low' }, "  lanes: ['low'],\n  defaultPriority: 'low',"],
    [{ retryDelays: '1s,2m' }, "  retry: 'unordered',\n  retryDelays: ['1s', '2m'],"],
    [{ retentionDays: '30d' }, '  retentionDays: 30,'],
    [{ pii: 'none' }, "  defaultPriority: 'normal',\n  example"],
    [{ key: 'mail' }, '  key: (data) => data.mail,'],
  ])('follows %j', (wish, line) => {
    expect(textOf(plan(wish), 'definitions/parcel-lost.ts')).toContain(line)
  })

  it.each<[Partial<EventWish>, RegExp]>([
    [{ fields: undefined }, /--fields.*--from.*--schema/],
    [{ samples: { from: 'x', data: [{ a: 1 }] } }, /not both/],
    [samples(), /no sample/],
    [samples([1]), /named fields; this is an array/],
    [samples({}), /a field at least/],
    [samples({ toString: 'x', id: 'a' }), /called "toString"/],
    [samples({ id: 'a', deep: deep(40) }), /nested more than 30/],
    [samples({ size: 1.5 }), /No field can be the key/],
    [
      {
        ...samples({ id: 7 }),
        schema: { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] },
      },
      /does not take sample 1 of x\.json: \/id/,
    ],
    [{ key: 'parcel' }, /no field "parcel"/],
    [{ lanes: 'high,urgent' }, /no "urgent"/],
    [{ priority: 'low' }, /one of the lanes, high, normal, not "low"/],
    [{ retry: 'never' }, /ordered or unordered/],
    [{ retry: 'ordered', retryDelays: '1s' }, /need --retry unordered/],
    [{ retryDelays: 'soon' }, /"soon" is none/],
    [{ retentionDays: '0' }, /days from 1/],
    [{ pii: 'phone' }, /no field "phone"/],
    [{ owner: 'a|b' }, /--owner/],
    [{ produces: 'parcel-lost' }, /already/],
    [{ produces: 'claim-opened(size:number)' }, /no field that can be its key/],
    [{ produces: 'stock-reserved(a:int)' }, /fields of its own/],
    [{ produces: 'stock-reserved,stock-reserved' }, /named twice/],
    [{ services: ['order-placed'] }, /service "order-placed" already/],
    [{ services: ['parcel-lost'] }, /service "parcel-lost" already/],
  ])('refuses %j', (wish, message) => {
    expect(() => plan(wish)).toThrow(RefusedError)
    expect(() => plan(wish)).toThrow(message)
  })

  it('takes the smallest sample for the example', () => {
    const text = textOf(
      plan(samples({ id: 'long', note: 'x'.repeat(99) }, { id: 'short' })),
      'definitions/parcel-lost.ts',
    )
    expect(text).toContain("example: { id: 'short' }")
  })

  it('passes on what input and output have in common, and says what is made up', () => {
    const made = plan({
      fields: 'orderId:string,total:money',
      produces: 'fraud-check-requested,claim-opened(orderId:string,words:int)',
    })
    expect(textOf(made, 'services/parcel-lost/handler.ts')).toContain(
      "fraudCheckRequested.from(event, { orderId: event.data.orderId, customerId: 'c-7', total: event.data.total }),\nclaimOpened.from(event, { orderId: event.data.orderId, words: 1 }),",
    )
    expect(made.remarks[0]).toMatch(/fraud-check-requested takes customerId from its example/)
    expect(made.created).toEqual(['parcel-lost', 'claim-opened'])
  })
})

describe('personal data', () => {
  it("stays marked in a type that has its cause's key alone", () => {
    const made = plan({ key: 'mail', produces: 'claim-opened' })
    expect(textOf(made, 'definitions/claim-opened.ts')).toContain("pii: ['/mail']")
    expect(textOf(plan({ produces: 'claim-opened' }), 'definitions/claim-opened.ts')).not.toContain('pii')
  })
  it('stays marked in fields that are passed on', () => {
    const wish = { fields: 'parcelId:string,name:string,note:string', pii: 'name' }
    const made = plan({ ...wish, produces: 'claim-opened(parcelId:string,name:string,note:int)' })
    expect(textOf(made, 'definitions/claim-opened.ts')).toContain("pii: ['/name']")
  })
  it('is remarked on where the example is a real sample', () => {
    expect(plan(samples({ id: 'a' })).remarks).toContainEqual(
      expect.stringMatching(/real sample from x\.json/),
    )
    expect(plan({}).remarks.join()).not.toMatch(/real sample/)
  })
})

describe('planService', () => {
  it('adds to the line of the type', () => {
    const made = planService(ROOT, catalogue, { service: 'order-archive', type: 'order-placed' })
    expect(textOf(made, 'catalogue.ts')).toContain("services: ['order-placed', 'order-archive'] }")
    expect(textOf(made, 'main.ts')).toContain("service: 'order-archive'")
  })
  it('refuses a type that there is not', () => {
    expect(() => planService(ROOT, catalogue, { service: 'a', type: 'order-palced' })).toThrow(
      /There are order-placed/,
    )
  })
})

describe('planRemove', () => {
  it.each([
    ['order-palced', /no event type and no service "order-palced"/],
    ['order-placed', /used elsewhere/],
    ['stock-reserved', /used elsewhere(.|\n)*services\/order-placed\/handler\.ts/],
  ])('refuses to remove %s', (name, message) => {
    expect(() => planRemove(ROOT, catalogue, name)).toThrow(message)
  })
})

describe('planRemove of a second service', () => {
  let root: string
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'sluice-remove-'))
    for (const folder of ['packages', 'services', 'tools', 'tests', 'bench']) mkdirSync(join(root, folder))
    const wish = { service: 'order-archive', type: 'order-placed', produces: 'order-archived' }
    changeTree(root, planService(ROOT, catalogue, wish).changes)
  })
  afterEach(() => rmSync(root, { recursive: true }))

  const derived = catalogue.find(({ definition }) => definition.origin === 'derived')!
  const entries = [
    ...catalogue.map((entry) =>
      entry.definition.type === 'order-placed'
        ? { ...entry, services: [...entry.services, 'order-archive'] }
        : entry,
    ),
    { definition: { ...derived.definition, type: 'order-archived' }, services: [] },
  ]

  it('takes the types along that only it produced', () => {
    const { types, changes, topics } = planRemove(root, entries, 'order-archive')
    expect(types).toEqual(['order-archived'])
    expect(changes).toContainEqual({
      path: 'packages/events/src/definitions/order-archived.ts',
      text: undefined,
    })
    expect(changes.find(({ path }) => path.endsWith('catalogue.ts'))?.text).not.toMatch(/order-?archive/i)
    expect(topics).toContain('events.order-placed.order-archive.dlq')
    expect(topics.filter((topic) => topic.startsWith('events.order-archived.'))).not.toEqual([])
  })
  it('leaves a type that somebody else produces, too', () => {
    writeFileSync(join(root, 'tests/other.ts'), 'orderArchived')
    expect(planRemove(root, entries, 'order-archive').types).toEqual([])
  })
})

function deep(levels: number): unknown {
  return levels === 0 ? 1 : [deep(levels - 1)]
}
