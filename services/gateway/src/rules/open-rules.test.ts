import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { catalogue } from '@sluice/events'
import { runRuleTests } from '@sluice/rules'
import { createLogger, createMetrics } from '@sluice/telemetry'
import { waitFor } from '@sluice/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { createTestGateway } from '../gateway-fixture.ts'
import { openRules } from './open-rules.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** A file that gives every order this priority, in as many rules as one likes. */
function giveOrders(effect: string, more = 0): string {
  const rule = (name: string) =>
    `  - { name: ${name}, type: order-placed, owner: checkout, when: "true", effect: ${effect} }\n`
  return `rules:\n${rule('orders')}${Array.from({ length: more }, (_, n) => rule(`more-${n}`)).join('')}`
}

async function open(text: string) {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-rules-'))
  closing.push(() => rm(folder, { recursive: true }))
  const file = join(folder, 'rules.yaml')
  await writeFile(file, text)
  const lines: string[] = []
  const metrics = createMetrics('gateway')
  const log = createLogger({
    ...{ service: 'gateway', level: 'info', destination: { write: (line: string) => void lines.push(line) } },
  })
  const rules = await openRules({ file, entries: catalogue, metrics, log, everyMs: 5 })
  closing.push(rules.stop)
  const publish = (value: unknown, key = 'rules') =>
    rules.apply({
      key: Buffer.from(key),
      value: value === null ? null : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
    })
  return {
    rules,
    publish,
    write: (changed: string) => writeFile(file, changed),
    logged: () => lines.join(''),
    metric: async (name: string) => {
      const line = (await metrics.text()).split('\n').find((each) => each.startsWith(`${name}{`))
      return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ') + 1))
    },
  }
}

const effectOf = ({ rules }: Awaited<ReturnType<typeof open>>) => rules.describe().rules[0]?.effect

describe('the file of rules', () => {
  it('that cannot be used is no start', async () => {
    await expect(open('rules: 7')).rejects.toMatchObject({
      code: 'settings',
      message: expect.stringMatching(
        /\n {2}RULES_FILE: .*rules\.yaml cannot be used\.\n.*:1:8: "rules" must be a list\./,
      ),
    })
  })

  it('is read again when it changes', async () => {
    const opened = await open(giveOrders('high'))
    expect(effectOf(opened)).toBe('high')
    const before = await opened.metric('sluice_rules_version')
    await opened.write(giveOrders('low'))
    await waitFor(() => effectOf(opened) === 'low')
    expect(opened.rules.describe()).toMatchObject({ from: 'file', rules: [{ name: 'orders', evaluated: 0 }] })
    expect(await opened.metric('sluice_rules_version')).not.toBe(before)
    expect(await opened.metric('sluice_rules_version')).toBe(Number.parseInt(opened.rules.set().version, 16))
  })

  it('is taken whole or not at all: the rules before stay while it cannot be used, and that is said', async () => {
    const opened = await open(giveOrders('high'))
    await opened.write(`${giveOrders('low')}  - { name: broken, type: order-placed }\n`)
    await waitFor(() => opened.logged().includes('the rules before stay in force'))
    expect(opened.logged()).toContain('\\"owner\\" names the team to ask')
    expect(effectOf(opened)).toBe('high')
    expect(await opened.metric('sluice_outdated_files')).toBe(1)
    await opened.write(giveOrders('normal'))
    await waitFor(() => effectOf(opened) === 'normal')
    await waitFor(async () => (await opened.metric('sluice_outdated_files')) === 0)
  })
})

describe('published rules', () => {
  const published = { text: giveOrders('low'), by: 'ada', why: 'to try it' }

  it('stand before the file, until they are withdrawn', async () => {
    const opened = await open(giveOrders('high'))
    opened.publish(published)
    expect(opened.rules.describe()).toMatchObject({ from: 'topic', by: 'ada', why: 'to try it' })
    expect(effectOf(opened)).toBe('low')
    await opened.write(giveOrders('normal'))
    await waitFor(() => opened.logged().includes('published rules stay in force'))
    expect(effectOf(opened)).toBe('low')
    opened.publish(null)
    expect(effectOf(opened)).toBe('normal')
    expect(opened.rules.describe()).toMatchObject({ from: 'file' })
  })

  it.each([
    ['no JSON', 'rules: []', 'is not valid JSON'],
    ['something else', { text: 'rules: []' }, 'The record is not what is published'],
    ['rules with a mistake', { ...published, text: 'rules: 7' }, 'control.rules:1:8'],
  ])('that cannot be used change nothing: %s', async (_what, value, message) => {
    const opened = await open(giveOrders('high'))
    opened.publish(published)
    expect(opened.publish(value)).toMatchObject({ reason: 'rules', detail: expect.stringContaining(message) })
    expect(effectOf(opened)).toBe('low')
    expect(await opened.metric('sluice_outdated_files')).toBe(1)
    opened.publish(null)
    expect(await opened.metric('sluice_outdated_files')).toBe(0)
  })

  it('have one key; others are ignored', async () => {
    const opened = await open(giveOrders('high'))
    expect(opened.publish(published, 'rulez')).toMatchObject({ reason: 'key' })
    expect(effectOf(opened)).toBe('high')
  })
})

it('what a rule did is counted since its set is in force, and said when it looks wrong', async () => {
  const never =
    'rules:\n  - { name: never, type: order-placed, owner: x, when: "data.total.amount < 0", effect: drop }\n'
  const absent =
    '  - { name: absent, type: page-viewed, owner: x, when: data.referrer == "x", effect: drop }\n'
  const always =
    '  - { name: always, type: order-placed, owner: x, when: "data.total.amount > 0", effect: high }\n'
  const opened = await open(never + absent + always)
  const gateway = createTestGateway({ plans: opened.rules.types })
  const order = { type: 'order-placed', data: catalogue[0]!.definition.example }
  const view = { type: 'page-viewed', data: catalogue[2]!.definition.example }
  await gateway.post([...Array(1000).fill(order), view])
  expect(opened.rules.describe().rules).toMatchObject([
    { name: 'never', evaluated: 1000, matched: 0, remark: 'never matches' },
    {
      name: 'absent',
      evaluated: 1,
      failed: 1,
      failure: 'data.referrer is absent',
      remark: 'can never be told',
    },
    { name: 'always', evaluated: 1000, matched: 1000, remark: 'always matches' },
  ])
  await opened.write(never)
  await waitFor(() => opened.rules.describe().rules.length === 1)
  expect(opened.rules.describe().rules[0]!.evaluated).toBe(0)
})

it('under traffic every request is judged by one whole set, and none fails while sets change', async () => {
  const opened = await open(giveOrders('high', 30))
  const gateway = createTestGateway({ plans: opened.rules.types })
  const order = { type: 'order-placed', data: catalogue[0]!.definition.example }
  const post = async () => {
    const { status, json } = await gateway.post(Array(20).fill(order))
    expect(status).toBe(202)
    const priorities = new Set<string>(json.results.map(({ priority }: { priority: string }) => priority))
    expect(priorities.size).toBe(1)
    return [...priorities][0]!
  }
  let before = 'high'
  for (const effect of ['normal', 'high', 'normal', 'high']) {
    await opened.write(`${giveOrders(effect, 20)}  - { name: broken }\n`)
    const complaints = () => opened.logged().split('the rules before stay in force').length
    const told = complaints()
    await waitFor(async () => {
      expect(await post()).toBe(before)
      return complaints() > told
    })
    await opened.write(giveOrders(effect, 20))
    await waitFor(async () => {
      const priority = await post()
      expect([before, effect]).toContain(priority)
      return priority === effect
    })
    before = effect
  }
})

it('the rules that come with the gateway pass their tests', async () => {
  const text = await readFile(new URL('../../rules.yaml', import.meta.url), 'utf8')
  const opened = await open(text)
  const { passed, failed } = runRuleTests(opened.rules.set())
  expect(failed).toEqual([])
  expect(passed).toBeGreaterThan(3)
})
