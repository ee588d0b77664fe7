import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Decision, encodeDecision } from '@sluice/decisions'
import { catalogue, DECISIONS_TOPIC, orderPlaced } from '@sluice/events'
import { createKafkaJsClient } from '@sluice/kafka'
import { createSender, REDELIVERY_LANE } from '@sluice/operations'
import { createLogger, createMetrics } from '@sluice/telemetry'
import { createPlannedTopics, freePort, uniqueName, waitFor } from '@sluice/testing'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'

// A whole gateway in a process of its own, on a real Kafka. The topic is one for all: each test decides about customers
// of its own.

const TOKEN = 'a-token-of-sixteen-or-more'

const client = createKafkaJsClient({
  brokers: inject('brokers').split(','),
  clientId: 'decisions-test',
  connectTimeoutMs: 5000,
  requestTimeoutMs: 15_000,
})
const log = createLogger({ service: 'job', level: 'silent' })
const sender = createSender({ client, metrics: createMetrics('job'), log })
const running = new Set<ChildProcess>()

beforeAll(() => createPlannedTopics(client, catalogue, { quarantine: true, control: true }))
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL')
  await sender.close()
})

async function write(key: string, value: string | null): Promise<void> {
  const place = { lane: REDELIVERY_LANE, topic: DECISIONS_TOPIC, partition: 0 }
  expect(await sender.send([{ ...place, key, value }])).toEqual([{ status: 'stored' }])
}

/** As a job does, from a minute ago for ten more. */
async function decide(decision: Pick<Decision, 'id' | 'action' | 'scope'>): Promise<void> {
  const [from, until] = [-1, 10].map((minutes) => new Date(Date.now() + minutes * 60_000).toISOString())
  const { key, value } = encodeDecision({
    ...{ reason: 'a test', by: 'test-job', from: from!, until: until!, ...decision },
  })
  await write(key, value)
}

async function startGateway() {
  const [port, admin] = [await freePort(), await freePort()]
  const child = spawn(process.execPath, [MAIN], {
    env: {
      ...process.env,
      ...{ KAFKA_BROKERS: inject('brokers'), ADMIN_TOKEN: TOKEN, LOG_LEVEL: 'info' },
      ...{ GATEWAY_PORT: String(port), ADMIN_PORT: String(admin) },
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  running.add(child)
  let log = ''
  child.stdout.on('data', (chunk) => {
    log += chunk
  })
  await waitFor(
    async () => {
      if (child.exitCode !== null) throw new Error(`The gateway ended with ${child.exitCode}.\n${log}`)
      return fetch(`http://127.0.0.1:${admin}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      )
    },
    { timeoutMs: 30_000, describe: () => `the gateway to be ready\n${log}` },
  )

  // biome-ignore lint/suspicious/noExplicitAny: assertions look into it
  type Answer = { status: number; json: any }

  async function post(events: object | readonly object[]): Promise<Answer> {
    const response = await fetch(`http://127.0.0.1:${port}/v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(events),
    })
    return { status: response.status, json: await response.json() }
  }

  async function ask(method: string, path: string, body?: object): Promise<Answer> {
    const response = await fetch(`http://127.0.0.1:${admin}${path}`, {
      method,
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    })
    return { status: response.status, json: await response.json() }
  }

  return {
    post,
    ask,
    admin: `http://127.0.0.1:${admin}`,
    log: () => log,
    /** The lane of the next order of a customer, and who decided. */
    async next(customer: string): Promise<{ priority: string; decidedBy: string; status: string }> {
      return (await post(order(customer))).json
    },
    metrics: async () => (await fetch(`http://127.0.0.1:${admin}/metrics`)).text(),
    async stop() {
      child.kill('SIGTERM')
      const [code] = await once(child, 'exit')
      running.delete(child)
      return code
    },
  }
}

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url))
const DECISIONS = fileURLToPath(new URL('../../../../tools/decisions.ts', import.meta.url))

function order(customer: string) {
  const { example } = orderPlaced
  return { type: 'order-placed', data: { ...example, customer: { ...example.customer, id: customer } } }
}

it('a gateway that starts judges its first event by what was decided before, and again after a restart', async () => {
  const [customer, free] = [uniqueName('c'), uniqueName('c')]
  await decide({ id: customer, action: 'raise', scope: { tenant: 'default', key: customer } })
  const lifted = uniqueName('lifted')
  await decide({ id: lifted, action: 'suppress', scope: { key: free } })
  await write(lifted, null)
  for (let start = 1; start <= 2; start++) {
    const gateway = await startGateway()
    expect(await gateway.next(customer)).toMatchObject({
      priority: 'high',
      decidedBy: `decision:${customer}`,
    })
    expect(await gateway.next(free)).toMatchObject({ priority: 'normal', decidedBy: 'default' })
    expect(await gateway.stop()).toBe(0)
  }
})

it('a decision holds within a second after it is written, ends when it is lifted, and fails no request meanwhile', async () => {
  const gateway = await startGateway()
  let stopped = false
  const statuses = new Map<number, number>()
  const bystander = uniqueName('c')
  /** Producers that go on all the time. */
  const traffic = Array.from({ length: 4 }, async () => {
    while (!stopped) {
      const { status } = await gateway.post([order(bystander), order(bystander)])
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
  })
  const took: number[] = []
  for (let n = 0; n < 20; n++) {
    const customer = uniqueName('c')
    const id = uniqueName('d')
    await decide({ id, action: n % 2 ? 'raise' : 'suppress', scope: { key: customer } })
    let begun = performance.now()
    await waitFor(async () => (await gateway.next(customer)).decidedBy === `decision:${id}`)
    took.push(performance.now() - begun)
    await write(id, null)
    begun = performance.now()
    await waitFor(async () => (await gateway.next(customer)).decidedBy === 'default')
    took.push(performance.now() - begun)
  }
  stopped = true
  await Promise.all(traffic)
  took.sort((one, other) => one - other)
  console.info(
    `from written to in force: median ${took[20]!.toFixed(0)} ms, at most ${took[39]!.toFixed(0)} ms`,
  )
  expect([...statuses.keys()]).toEqual([202])
  expect(statuses.get(202)).toBeGreaterThan(20)
  expect(await gateway.stop()).toBe(0)
})

it('bad records are told, counted and passed over', async () => {
  const gateway = await startGateway()
  const customer = uniqueName('c')
  await decide({ id: customer, action: 'raise', scope: { key: customer } })
  await write(uniqueName('bad'), 'no JSON')
  await write(customer, '{"id":"another"}')
  await write(customer, 'x'.repeat(20_000))
  const last = uniqueName('c')
  await decide({ id: last, action: 'raise', scope: { key: last } })
  await waitFor(async () => (await gateway.next(last)).priority === 'high')
  expect(await gateway.next(customer)).toMatchObject({ decidedBy: `decision:${customer}` })
  const metrics = await gateway.metrics()
  for (const reason of ['not-json', 'invalid', 'too-large']) {
    expect(metrics).toMatch(
      new RegExp(
        `sluice_control_bad_records_total\\{topic="control.decisions",reason="${reason}".*\\} [1-9]`,
      ),
    )
  }
  expect(gateway.log()).toContain('bad control records were ignored')
  expect(await gateway.stop()).toBe(0)
})

it('what an operator decides is in Kafka when it is answered, holds, and can be seen and lifted', async () => {
  const gateway = await startGateway()
  const customer = uniqueName('c')
  const given = { action: 'raise', scope: { key: customer }, for: '15m', who: 'ada', why: 'they called us' }
  const { status, json } = await gateway.ask('POST', '/v1/decisions', given)
  expect(status).toBe(201)
  await waitFor(async () => (await gateway.next(customer)).decidedBy === `decision:${json.id}`)
  const { json: listed } = await gateway.ask('GET', `/v1/decisions?key=${customer}`)
  expect(listed).toMatchObject({ count: 1, decisions: [{ id: json.id, by: 'operator:ada', live: true }] })
  expect(listed.decisions[0].hits).toBeGreaterThan(0)
  const path = `/v1/decisions/${encodeURIComponent(json.id)}`
  expect((await gateway.ask('DELETE', path, { who: 'ada', why: 'all is well' })).status).toBe(200)
  await waitFor(async () => (await gateway.next(customer)).decidedBy === 'default')
  expect(await gateway.stop()).toBe(0)
})

it('npm run decisions does the same, and says what it did', async () => {
  const gateway = await startGateway()
  const customer = uniqueName('c')
  async function decisions(...args: readonly string[]) {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [DECISIONS, ...args, '--gateway', gateway.admin],
      { env: { ...process.env, ADMIN_TOKEN: TOKEN } },
    )
    return stdout
  }
  const why = ['--by', 'ada', '--why', 'they called us']
  const added = await decisions('add', '--action', 'raise', '--key', customer, '--for', '15m', ...why)
  const [, id] = /-- lift (\S+)/.exec(added)!
  expect(added).toContain(`Decided: raise key=${customer} until `)
  await waitFor(async () => (await gateway.next(customer)).decidedBy === `decision:${id}`)
  expect(await decisions('list', '--key', customer)).toMatch(
    new RegExp(`^${id} .*raise to high.*operator:ada`, 'm'),
  )
  expect(JSON.parse(await decisions('list', '--key', customer, '--json'))).toMatchObject({ count: 1 })
  expect(await decisions('lift', id!, ...why)).toBe(`Lifted: ${id}.\n`)
  await waitFor(async () => (await gateway.next(customer)).decidedBy === 'default')
  await expect(decisions('lift', id!, ...why)).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('404'),
  })
  expect(await gateway.stop()).toBe(0)
})
