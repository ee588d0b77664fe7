import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { catalogue, deadLetterTopic, encodeEvent, laneTopic, shipmentDelayed } from '@sluice/events'
import { createKafkaJsClient, toDeadLetter } from '@sluice/kafka'
import { createSender } from '@sluice/operations'
import { createLogger, createMetrics } from '@sluice/telemetry'
import { buildEvent, createPlannedTopics } from '@sluice/testing'
import { beforeAll, expect, inject, it } from 'vitest'

// The commands as a user runs them, on the topics of a type that no other test of this kind uses.

const TYPE = 'shipment-delayed'
const ROOT = fileURLToPath(new URL('..', import.meta.url))

beforeAll(async () => {
  const client = createKafkaJsClient({
    brokers: inject('brokers').split(','),
    clientId: 'dlq-test',
    connectTimeoutMs: 5000,
    requestTimeoutMs: 10_000,
  })
  await createPlannedTopics(client, catalogue)
  const lane = laneTopic(TYPE, 'normal')
  const letters = Array.from({ length: 3 }, (_, n) => {
    const record = {
      ...{
        topic: lane,
        partition: 0,
        offset: n,
        timestamp: Date.now(),
        headers: {},
        bytes: 0,
        key: Buffer.from('k'),
      },
      value: Buffer.from(encodeEvent(buildEvent(shipmentDelayed, { id: `s-${n}` }))),
    }
    const error = new RangeError('no such carrier')
    const letter = { service: TYPE, reason: 'handler', attempts: 5, firstFailedAt: 0, error } as const
    const { key, value, headers } = toDeadLetter(record, letter, 'dlq')
    return {
      lane: 'redelivery',
      topic: deadLetterTopic(TYPE, TYPE),
      partition: 0,
      key,
      value,
      headers: headers!,
    }
  })
  const sender = createSender({
    client,
    metrics: createMetrics('test'),
    log: createLogger({ service: 'test', level: 'silent' }),
  })
  expect(await sender.send(letters)).toEqual(letters.map(() => ({ status: 'stored' })))
  await sender.close()
})

it('dead letters are listed, shown, tried out, sent back, and sent back once', async () => {
  const listed = await run('dlq', 'list')
  expect(listed.status).toBe(0)
  expect(listed.stdout).toMatch(/shipment-delayed +shipment-delayed +handler +RangeError +3 +3 /)
  const shown = await run('dlq', 'show', TYPE, '1')
  expect(shown.stdout).toContain('RangeError: no such carrier')
  expect(shown.stdout).toContain('"id": "s-1"')
  expect(await run('dlq', 'show', TYPE, '99')).toMatchObject({ status: 1, stdout: '' })

  const dry = await run('dlq', 'redrive', TYPE, '--all', '--dry-run')
  expect(dry).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('3 letters would be sent. Nothing was.'),
  })
  const one = await run('dlq', 'redrive', TYPE, '--offset', '1', '--json')
  expect(JSON.parse(one.stdout)).toMatchObject({ ended: 'done', sent: 1 })
  const all = await run('dlq', 'redrive', TYPE, '--all')
  expect(all).toMatchObject({ status: 0, stdout: expect.stringContaining('2 of 2 letters sent.') })
  const again = await run('dlq', 'redrive', TYPE, '--all', '--json')
  expect(JSON.parse(again.stdout)).toMatchObject({ sent: 0, redrivenBefore: 3 })
  // Whoever reads no further still learns that something was left.
  const unread = ['redrive', TYPE, '--all', '--again', '--max-replays', '0']
  expect(await runWith({ brokers: inject('brokers'), unread: true }, 'dlq', ...unread)).toMatchObject({
    status: 1,
  })
})

it('a replay sends events again, and its run can be named again', async () => {
  const from = ['--from', '1h', '--to', '0s']
  const dry = await run('replay', TYPE, ...from, '--dry-run')
  expect(dry).toMatchObject({ status: 0, stdout: expect.stringContaining('Nothing was sent.') })
  const first = await run('replay', TYPE, ...from, '--run', 'r', '--json')
  expect(first.stderr).toContain(`npm run replay -- ${TYPE}`)
  // What stands in the lanes came from the redrives above: copies.
  expect(JSON.parse(first.stdout)).toMatchObject({ ended: 'done', sent: 0, copies: 3, run: 'r' })
})

it('a Kafka that is not there is one line', async () => {
  for (const [command, ...args] of [['dlq', 'list'] as const, ['replay', TYPE, '--from', '1h'] as const]) {
    const { status, stdout, stderr } = await runWith({ brokers: '127.0.0.1:1' }, command, ...args)
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr).toContain('nothing answers at 127.0.0.1:1')
    expect(stderr).not.toContain('    at ')
  }
})

const run = (...args: readonly string[]) => runWith({ brokers: inject('brokers') }, ...args)

/** @param options unread: nobody reads what it prints */
async function runWith(
  { brokers, unread = false }: { readonly brokers: string; readonly unread?: boolean },
  ...[command, ...args]: readonly string[]
) {
  const child = spawn(process.execPath, [`tools/${command}.ts`, ...args], {
    cwd: ROOT,
    env: { ...process.env, KAFKA_BROKERS: brokers },
    // As npm run does: the channel must not keep the command from ending.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  let stdout = ''
  let stderr = ''
  if (unread) child.stdout!.destroy()
  child.stdout!.on('data', (text) => (stdout += text))
  child.stderr!.on('data', (text) => (stderr += text))
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { status, stdout, stderr }
}
