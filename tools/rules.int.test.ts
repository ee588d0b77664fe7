import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { catalogue, encodeEvent, laneTopic, userRegistered } from '@sluice/events'
import { createKafkaJsClient } from '@sluice/kafka'
import { createSender } from '@sluice/operations'
import { createLogger, createMetrics } from '@sluice/telemetry'
import { buildEvent, createPlannedTopics } from '@sluice/testing'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'

// The command as a user runs it, on a type that no other test of this kind uses.

const TYPE = 'user-registered'
const ROOT = fileURLToPath(new URL('..', import.meta.url))
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-rules-'))
  const client = createKafkaJsClient({
    ...{ brokers: inject('brokers').split(','), clientId: 'rules-test' },
    ...{ connectTimeoutMs: 5000, requestTimeoutMs: 10_000 },
  })
  await createPlannedTopics(client, catalogue, { control: true })
  const sender = createSender({
    client,
    metrics: createMetrics('test'),
    log: createLogger({ service: 'test', level: 'silent' }),
  })
  const record = { lane: 'redelivery', topic: laneTopic(TYPE, 'normal'), key: 'k', headers: {} }
  const records = Array.from({ length: 300 }, (_, n) => {
    const plan = n % 3 === 0 ? 'enterprise' : 'free'
    const event = buildEvent(userRegistered, { id: `u-${n}`, data: { ...userRegistered.example, plan } })
    return { ...record, partition: n % 3, value: Buffer.from(encodeEvent(event)) }
  })
  const broken = { ...record, partition: 0, value: Buffer.from('no event') }
  const outcomes = await sender.send([...records, broken])
  expect(outcomes.every(({ status }) => status === 'stored')).toBe(true)
  await sender.close()
})

afterAll(() => rm(folder, { recursive: true }))

it('a dry run tells what changed rules would do to the events that Kafka has', async () => {
  const file = join(folder, 'new.yaml')
  await writeFile(
    file,
    `rules:
  - { name: trial, type: ${TYPE}, owner: sales, when: data.plan == "enterprise", effect: low }
  - { name: nobody, type: ${TYPE}, owner: sales, when: data.locale == "xx", effect: drop }
`,
  )
  const told = await run('dry-run', file, '--type', TYPE, '--json')
  expect(told.stderr).toBe('')
  expect(told.status).toBe(0)
  expect(JSON.parse(told.stdout)).toMatchObject({
    types: [TYPE],
    count: 300,
    unreadable: 1,
    groups: [{ type: TYPE, change: 'lowered', from: 'normal', to: 'low', after: 'trial', count: 100 }],
    rules: [
      { name: 'trial', evaluated: 300, matched: 100 },
      { name: 'nobody', evaluated: 300, matched: 0, remark: 'never matches' },
    ],
  })
  const shown = await run('dry-run', file, '--type', TYPE)
  expect(shown.stdout).toMatch(/lowered +100 +33\.3 %/)
  const against = await run('dry-run', file, '--type', TYPE, '--against', file, '--json')
  expect(JSON.parse(against.stdout)).toMatchObject({ count: 300, groups: [] })
})

it('a rule with a mistake is told before Kafka is asked', async () => {
  const file = join(folder, 'bad.yaml')
  await writeFile(
    file,
    `rules:\n  - { name: a, type: ${TYPE}, owner: b, when: data.plam == "free", effect: low }\n`,
  )
  for (const command of ['test', 'dry-run']) {
    const { status, stderr } = await run(command, file)
    expect(status).toBe(1)
    expect(stderr).toContain('bad.yaml:2:')
    expect(stderr).toContain('Did you mean "plan"?')
  }
})

function run(...args: readonly string[]) {
  const env = { ...process.env, KAFKA_BROKERS: inject('brokers') }
  const child = spawn(process.execPath, ['tools/rules.ts', ...args], { cwd: ROOT, env })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  return new Promise<{ status: number | null; stdout: string; stderr: string }>((resolve) => {
    child.on('close', (status) => resolve({ status, stdout, stderr }))
  })
}
