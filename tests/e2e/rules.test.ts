import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { catalogue, orderPlaced } from '@sluice/events'
import { createKafkaJsClient } from '@sluice/kafka'
import { createPlannedTopics, waitFor } from '@sluice/testing'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { runCommand } from './run-command.ts'
import { startGateway } from './system.ts'

type Gateway = Awaited<ReturnType<typeof startGateway>>

const ADMIN_TOKEN = 'a-token-of-sixteen-or-more'
let folder: string
let file: string
let gateways: readonly Gateway[]

const rules = (effect: string) =>
  `rules:\n  - { name: orders, type: order-placed, owner: checkout, when: data.total.amount > 0, effect: ${effect} }\n`

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-rules-'))
  file = join(folder, 'rules.yaml')
  await writeFile(file, rules('normal'))
  const client = createKafkaJsClient({
    ...{ brokers: inject('brokers').split(','), clientId: 'rules-e2e' },
    ...{ connectTimeoutMs: 5000, requestTimeoutMs: 10_000 },
  })
  await createPlannedTopics(client, catalogue, { control: true })
  const settings = { RULES_FILE: file, ADMIN_TOKEN }
  gateways = [
    await startGateway(inject('brokers'), settings),
    await startGateway(inject('brokers'), settings),
  ]
})

afterAll(async () => {
  await Promise.all(gateways.map((gateway) => gateway.stop()))
  await rm(folder, { recursive: true, force: true })
})

/** Posts orders to every gateway until all of them go this way. Resolves with the milliseconds that it took. */
async function postUntil(priority: string): Promise<number> {
  const begun = performance.now()
  const done = new Set<Gateway>()
  await waitFor(
    async () => {
      for (const gateway of gateways) {
        const response = await fetch(`${gateway.ingest}/v1/events`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(Array(5).fill({ type: 'order-placed', data: orderPlaced.example })),
        })
        // No request fails while rules change, and each is judged by one set.
        expect(response.status).toBe(202)
        const { results } = (await response.json()) as { results: { priority: string; decidedBy: string }[] }
        expect(new Set(results.map((result) => result.priority)).size).toBe(1)
        if (results[0]!.priority === priority) done.add(gateway)
      }
      return done.size === gateways.length
    },
    { timeoutMs: 20_000, describe: () => `orders to go ${priority} at both gateways` },
  )
  return performance.now() - begun
}

test('rules change under traffic: by file, by publishing for all gateways, and back', async () => {
  await postUntil('normal')
  await writeFile(file, rules('high'))
  const byFile = await postUntil('high')

  const published = join(folder, 'published.yaml')
  await writeFile(published, rules('normal'))
  const answerable = ['--gateway', gateways[0]!.admin, '--by', 'ada', '--why', 'a test']
  const env = { ADMIN_TOKEN, KAFKA_BROKERS: inject('brokers') }
  expect(await runCommand('rules', ['publish', published, ...answerable], env)).toMatchObject({ status: 0 })
  const byTopic = await postUntil('normal')
  console.error(
    `in force at both gateways: a changed file after ${Math.round(byFile)} ms, published rules ${Math.round(byTopic)} ms after they are stored`,
  )
  const shown = await runCommand('rules', ['show', '--gateway', gateways[1]!.admin], env)
  expect(shown.stdout).toContain('published by ada: a test')

  // The file does not stand before what is published.
  await writeFile(file, `${rules('high')}# changed\n`)
  expect(await runCommand('rules', ['withdraw', ...answerable], env)).toMatchObject({ status: 0 })
  await postUntil('high')
})

test('published rules are in force at a gateway from its first event on', async () => {
  const published = join(folder, 'published.yaml')
  await writeFile(published, rules('normal'))
  const answerable = ['--gateway', gateways[0]!.admin, '--by', 'ada', '--why', 'a test']
  const env = { ADMIN_TOKEN, KAFKA_BROKERS: inject('brokers') }
  await runCommand('rules', ['publish', published, ...answerable], env)
  const late = await startGateway(inject('brokers'), { RULES_FILE: file, ADMIN_TOKEN })
  try {
    const response = await fetch(`${late.ingest}/v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ type: 'order-placed', data: orderPlaced.example }),
    })
    expect(await response.json()).toMatchObject({ priority: 'normal', decidedBy: 'rule:orders' })
  } finally {
    await late.stop()
    await runCommand('rules', ['withdraw', ...answerable], env)
  }
})
