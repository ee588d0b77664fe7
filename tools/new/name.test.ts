import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { catalogue } from '@sluice/events'
import { describe, expect, it } from 'vitest'
import { RefusedError } from './errors.ts'
import { checkServiceName, checkTypeName, remarkOnTypeName } from './name.ts'
import { namesOf } from './plan-event.ts'

const ROOT = join(import.meta.dirname, '../..')
const readText = (path: string) => readFileSync(join(ROOT, path), 'utf8')

const known = { types: ['order-placed', 'a-1b'], services: ['order-placed', 'order-archive'] }

describe('checkTypeName', () => {
  it.each(['order-cancelled', 'class-deleted', 'x', 'order-2-placed'])('takes %s', (type) => {
    expect(() => checkTypeName(type, known)).not.toThrow()
  })
  it.each([
    ['orderCancelled', /kebab-case/],
    ['../order', /kebab-case/],
    ['x'.repeat(101), /at most 100/],
    ['order-placed', /already(.|\n)*new -- service(.|\n)*new -- remove order-placed/],
    ['a1b', /both be the constant a1b/],
    ['delete', /word of TypeScript/],
    ['handle', /word of TypeScript or of Sluice/],
    ['cap-lane', /capLane/],
    ['gateway', /part of Sluice/],
    ['values', /part of Sluice/],
  ])('refuses %s', (type, message) => expect(() => checkTypeName(type, known)).toThrow(message))
})

describe('checkServiceName', () => {
  it('refuses what there is', () => {
    expect(() => checkServiceName('order-archive', known)).toThrow(/already/)
    expect(() => checkServiceName('kafka', known)).toThrow(/part of Sluice/)
    expect(() => checkServiceName('order-audit', known)).not.toThrow()
  })
  it('refuses the name of every container and of every package of the workspace', () => {
    const [services = ''] = /^services:\n(?:(?: .*)?\n)*/m.exec(readText('docker-compose.yml')) ?? []
    const containers = [...services.matchAll(/^ {2}([a-z-]+):/gm)].map(([, name]) => name!)
    const packages = globSync(['{tools,tests,bench}/package.json', '{packages,services}/*/package.json'], {
      cwd: ROOT,
    }).map((path) => (JSON.parse(readText(path)) as { name: string }).name.replace('@sluice/', ''))
    expect(containers).toEqual(expect.arrayContaining(['kafka', 'topics', 'gateway', 'grafana']))
    expect(packages).toEqual(expect.arrayContaining(['events', 'gateway', 'tools']))
    for (const name of [...containers, ...packages]) {
      expect(() => checkServiceName(name, namesOf(catalogue)), name).toThrow(RefusedError)
    }
  })
})

it.each(['order-placed', 'payment-sent', 'page-shown', 'order-lost', 'letter-written', 'item-sold'])(
  'has nothing to say about %s',
  (type) => expect(remarkOnTypeName(type)).toBeUndefined(),
)
it.each(['order', 'place-order', 'order-cancellation'])('calls %s unusual, and takes it', (type) =>
  expect(remarkOnTypeName(type)).toMatch(/by convention/),
)
