import { randomUUID } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  catalogue,
  deadLetterTopic,
  laneTopic,
  orderPlaced,
  planTopics,
  REJECTED_TOPIC,
} from '@sluice/events'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { runCommand } from './run-command.ts'
import { type System, startSystem } from './system.ts'
import { readTopics, type TopicLog } from './topic-log.ts'

const LOGS = fileURLToPath(new URL('../../.sluice/logs', import.meta.url))
const DEAD_LETTERS = deadLetterTopic('order-placed', 'order-placed')

let folder: string
let key: string
let system: System
let log: TopicLog

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'secrets-'))
  const file = join(folder, 'credentials.json')
  const made = await runCommand('keys', ['create', 'shop', '--types', '*', '--json', '--file', file], {})
  key = JSON.parse(made.stdout).key
  system = await startSystem(inject('brokers'), { GATEWAY_CREDENTIALS_FILE: file, LOG_LEVEL: 'trace' })
  log = await readTopics(
    inject('brokers'),
    planTopics(catalogue, { quarantine: true }).map(({ topic }) => topic),
  )
})

afterAll(async () => {
  await log?.close()
  expect(await system?.stop()).toBe(0)
  await rm(folder, { recursive: true })
})

test('secrets of requests are nowhere, and personal data only in the events themselves', async () => {
  const [cookie, query, wrongKey, otherHeader] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()]
  const [email, rejectedEmail] = [`${randomUUID()}@example.com`, `${randomUUID()}@example.com`]
  const answers: string[] = []
  const post = async (event: object, headers: Record<string, string> = {}) => {
    const response = await fetch(`${system.ingest}/v1/events?token=${query}`, {
      method: 'POST',
      headers: {
        ...{ 'content-type': 'application/json', authorization: `Bearer ${key}` },
        ...{ cookie: `session=${cookie}`, 'x-api-key': otherHeader, ...headers },
      },
      body: JSON.stringify(event),
    })
    answers.push(JSON.stringify([...response.headers]), await response.text())
    return response.status
  }
  const orderOf = (id: string, to: string) => ({
    ...{ type: 'order-placed', id, source: '/secrets' },
    data: { ...orderPlaced.example, customer: { id: `c-${id}`, email: to } },
  })

  const [good, bad, poison] = [randomUUID(), randomUUID(), randomUUID()]
  expect(await post(orderOf(good, email))).toBe(202)
  const rejected = orderOf(bad, rejectedEmail)
  expect(await post({ ...rejected, data: { ...rejected.data, items: [] } })).toBe(422)
  const tooOften = { ...rejected.data, customer: { ...rejected.data.customer, email: [rejectedEmail] } }
  expect(await post({ ...rejected, id: randomUUID(), data: tooOften })).toBe(422)
  expect(await post(orderOf(randomUUID(), email), { authorization: `Bearer ${wrongKey}` })).toBe(401)
  expect(await post(orderOf(randomUUID(), email), { authorization: `Basic ${wrongKey}` })).toBe(401)

  // The event that was taken, as it would have been written by somebody whose definition is looser.
  const stored = await log.find((event) => event.id === good, 'the order')
  const event = { ...stored.event, id: poison, data: { ...(stored.event.data as object), items: email } }
  await log.write(stored.record, JSON.stringify(event))
  const letter = await log.find(
    (event, { topic }) => event.id === poison && topic === DEAD_LETTERS,
    'the letter',
  )
  const kept = await log.find((event) => event.id === bad, 'the rejected order')
  await log.find((event) => event.causationid === good, 'what follows from the order')
  expect(kept.record.topic).toBe(REJECTED_TOPIC)
  expect(stored.record.topic).toBe(laneTopic('order-placed', 'normal'))

  // Headers and keys apart from values: an event is kept as it is, also where it failed.
  const values = log.all().map(({ record }) => String(record.value))
  const around = log
    .all()
    .map(({ record }) => JSON.stringify([String(record.key), Object.entries(record.headers).map(String)]))
  const admin = ['gateway', 'order-placed'].map((name) => `${system.admin(name)}/metrics`)
  const metrics = await Promise.all(admin.map(async (url) => (await fetch(url)).text()))
  const logs = await Promise.all((await readdir(LOGS)).map((name) => readFile(join(LOGS, name), 'utf8')))
  const said = [...answers, ...around, ...metrics, ...logs].join('\n')
  expect(said).toContain('dlq-reason')
  expect(said).toContain('sluice_dead_letters_total')
  expect(String(letter.record.value)).toContain(email)
  expect(String(kept.record.value)).toContain(rejectedEmail)
  for (const secret of [email, rejectedEmail]) expect(said).not.toContain(secret)
  for (const secret of [key, key.slice(17), cookie, query, wrongKey, otherHeader]) {
    expect(said).not.toContain(secret)
    expect(values.join('\n')).not.toContain(secret)
  }
}, 90_000)
