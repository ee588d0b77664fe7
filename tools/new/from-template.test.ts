import { join } from 'node:path'
import { orderPlaced } from '@sluice/events'
import { describe, expect, it } from 'vitest'
import { definitionFile, serviceFiles } from './from-template.ts'
import { parseFields } from './parse-fields.ts'

const ROOT = join(import.meta.dirname, '../..')
const shape = parseFields('orderId:string,amount:money')
const wish = {
  ...orderPlaced,
  type: 'order-cancelled',
  shape,
  key: { path: ['orderId'], shape: shape.fields[0]!.shape },
  pii: [],
  example: { orderId: 'o-1', amount: { amount: 1, currency: 'EUR' } },
}
/** Whatever is the template's own: none of it may stay. */
const OF_TEMPLATE =
  /sample|analysed|archive|laborator|grams|verdict|pure|takenBy|template|definition\.ts'|output\.ts'/i

describe('a definition from the template', () => {
  it('has every property that was asked for, and none of the template', () => {
    const { path, text } = definitionFile(ROOT, wish)
    expect(path).toBe('packages/events/src/definitions/order-cancelled.ts')
    expect(text).not.toMatch(OF_TEMPLATE)
    expect(text).not.toMatch(/retry|retention|pii/)
    expect(text).toMatch(
      /^import \{ defineEvent \} from '\.\.\/define-event\.ts'\nimport \{ Id, Money \} from '\.\/values\.ts'$/m,
    )
    for (const line of [
      "  type: 'order-cancelled',",
      "  owner: 'checkout',",
      '  key: (data) => data.orderId,',
    ]) {
      expect(text.split('\n')).toContain(line)
    }
  })

  it('has what is not the default only where it was asked for', () => {
    const { text } = definitionFile(ROOT, {
      ...wish,
      retry: 'unordered',
      retryDelays: ['1s'],
      retentionDays: 2,
      pii: ['/orderId'],
    })
    for (const line of [
      "  retry: 'unordered',",
      "  retryDelays: ['1s'],",
      '  retentionDays: 2,',
      "  pii: ['/orderId'],",
    ]) {
      expect(text.split('\n')).toContain(line)
    }
    expect(
      definitionFile(ROOT, { ...wish, retry: 'unordered', retryDelays: ['5s', '1m', '10m'] }).text,
    ).not.toContain('retryDelays')
  })

  it('makes a key of a number, and of a name that is no identifier', () => {
    const key = { path: ['a', '+1'], shape: { kind: 'int' } } as const
    expect(definitionFile(ROOT, { ...wish, key }).text).toContain("key: (data) => String(data.a['+1']),")
  })

  it('keeps data that looks like the template', () => {
    const example = { note: 'sampleTaken,\n  owner: sample-taken,\n})', $1: '$&' }
    expect(definitionFile(ROOT, { ...wish, example }).text).toContain(
      String.raw`  example: { note: 'sampleTaken,\n  owner: sample-taken,\n})', $1: '$&' },`,
    )
  })
})

describe('a service from the template', () => {
  const outputs = [
    { type: 'stock-released', source: '{ orderId: event.data.orderId }', expected: { orderId: 'o-1' } },
    { type: 'refund-requested', source: '{ a: 1 }', expected: { a: 1 } },
  ]
  it.each([
    ['with outputs', outputs],
    ['without', []],
  ])('%s has nothing of the template, and four files', (_what, given) => {
    const files = serviceFiles(ROOT, { service: 'order-audit', type: 'order-cancelled', outputs: given })
    expect(files.map(({ path }) => path)).toEqual(
      ['handler.test.ts', 'handler.ts', 'main.ts', 'package.json'].map(
        (file) => `services/order-audit/${file}`,
      ),
    )
    for (const { path, text } of files) expect(text, path).not.toMatch(OF_TEMPLATE)
  })

  it('makes each output, and declares it', () => {
    const [test, handler, main] = serviceFiles(ROOT, {
      service: 'order-audit',
      type: 'order-cancelled',
      outputs,
    })
    expect(handler!.text).toContain(
      'stockReleased.from(event, { orderId: event.data.orderId }),\nrefundRequested.from(event, { a: 1 }),',
    )
    expect(handler!.text).toContain(
      "import { stockReleased, refundRequested, type orderCancelled } from '@sluice/events'",
    )
    expect(test!.text).toContain(
      "{ definition: stockReleased, data: { orderId: 'o-1' } },\n{ definition: refundRequested, data: { a: 1 } }",
    )
    expect(main!.text).toContain(
      "produces: [stockReleased, refundRequested], service: 'order-audit', handle })",
    )
  })

  it('has the name of its type without saying so', () => {
    const main = serviceFiles(ROOT, { service: 'order-cancelled', type: 'order-cancelled', outputs: [] })[2]!
    expect(main.text).toContain('runConsumer({ consumes: orderCancelled, produces: [], handle })')
  })
})
