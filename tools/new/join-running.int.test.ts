import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { freePort, uniqueName, waitFor } from '@sluice/testing'
import { afterAll, beforeAll, expect, inject, it, vi } from 'vitest'
import { copyRepository } from './copy-repository.ts'

// A whole Sluice starts, and the checks of a new type run, on a machine that is busy with other tests.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 })

type Service = { readonly name: string; readonly pid: number; readonly admin: string }
type Notice = Readonly<Record<string, unknown>>

const type = `${uniqueName('parcel')}-lost`
let copy: string
let env: NodeJS.ProcessEnv
let start: ReturnType<typeof spawn>
const notices: Notice[] = []
let ready: { ingest: string; services: Service[] }

beforeAll(async () => {
  copy = copyRepository(join(import.meta.dirname, '../..'))
  const temp = mkdtempSync(join(tmpdir(), 'sluice-join-'))
  env = { ...process.env, KAFKA_BROKERS: inject('brokers'), TMPDIR: temp }
  const [port, admin] = [await freePort(), await freePort()]
  const args = ['tools/start.ts', '--no-demo', '--json', '--port', `${port}`, '--admin-port', `${admin}`]
  start = spawn(process.execPath, args, { cwd: copy, env, stdio: ['ignore', 'pipe', 'inherit'] })
  createInterface({ input: start.stdout! }).on('line', (line) => notices.push(JSON.parse(line)))
  ready = (await waitFor(() => notices.find((notice) => notice['ready'] === true), {
    timeoutMs: 120_000,
    describe: () => `the start to be ready; it said ${JSON.stringify(notices)}`,
  })) as never
})
afterAll(async () => {
  start.kill('SIGTERM')
  if (start.exitCode === null) await once(start, 'exit')
  rmSync(copy, { recursive: true, force: true })
  rmSync(env['TMPDIR']!, { recursive: true, force: true })
})

it('joins the Sluice that runs without a restart of the others, and leaves it again', async () => {
  const poster = postOrders(ready.ingest)
  const made = await runNew('event', type, '--fields', 'parcelId:string', '--json')
  expect(made).toMatchObject({
    ok: true,
    roundTrip: { where: 'running', handled: true, joined: [{ name: type }] },
  })
  const joined = notices.find((notice) => notice['event'] === 'joined')
  expect(joined).toMatchObject({ service: type, admin: expect.stringMatching(/^http:/) })

  for (const { name, admin, pid } of ready.services.filter(({ name }) => name !== 'gateway')) {
    expect((await readiness(admin)).pid, name).toBe(pid)
  }
  const gateway = ready.services.find(({ name }) => name === 'gateway')!
  expect((await readiness(gateway.admin)).pid).not.toBe(gateway.pid)

  const again = await runNew('event', type, '--fields', 'parcelId:string', '--json')
  expect(again).toMatchObject({ ok: false, code: 'new-refused' })

  const removed = await runNew('remove', type, '--yes', '--json')
  expect(removed).toMatchObject({ ok: true, topics: expect.arrayContaining([`events.${type}.high`]) })
  expect(notices.findLast((notice) => notice['event'] === 'left')).toMatchObject({ service: type })
  expect((await fetch(`${ready.ingest}/v1/types/${type}`)).status).toBe(404)

  const outcomes = await poster.stop()
  // Whatever was answered is true, and nothing that was sent remained without an answer but what was reset unread.
  expect(Object.keys(outcomes).filter((outcome) => !ALLOWED.has(outcome))).toEqual([])
  expect(outcomes['202']).toBeGreaterThan(0)
})

/** 503 is "stored nothing, send again"; a reset is a connection that was closing as the request came. */
const ALLOWED = new Set(['202', '503', 'ECONNRESET', 'EPIPE'])

async function readiness(admin: string): Promise<{ ready: boolean; pid: number }> {
  const response = await fetch(`${admin}/readyz`, { headers: { connection: 'close' } })
  return (await response.json()) as { ready: boolean; pid: number }
}

function runNew(...args: string[]): Promise<Notice> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['tools/new.ts', ...args], { cwd: copy, env }, (_error, stdout, stderr) =>
      resolve(stdout === '' ? { stderr } : JSON.parse(stdout)),
    )
  })
}

/** One after the other, each on a connection of its own, until it is stopped. Counts how each ended. */
function postOrders(ingest: string) {
  const outcomes: Record<string, number> = {}
  let stopped = false
  let serial = 0
  const post = () =>
    new Promise<string>((resolve) => {
      const orderId = `o-${++serial}`
      const data = {
        orderId,
        customer: { id: 'c-7', email: 'ada@example.com' },
        total: { amount: 1, currency: 'EUR' },
        items: [{ sku: 'tea', quantity: 1 }],
      }
      const sent = request(`${ingest}/v1/events`, {
        method: 'POST',
        agent: false,
        headers: { 'content-type': 'application/json' },
      })
      sent.on('response', (response) => response.resume().on('end', () => resolve(`${response.statusCode}`)))
      sent.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
      sent.end(JSON.stringify({ id: orderId, type: 'order-placed', data }))
    })
  const done = (async () => {
    while (!stopped) {
      const outcome = await post()
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
    }
    return outcomes
  })()
  return {
    stop() {
      stopped = true
      return done
    },
  }
}
