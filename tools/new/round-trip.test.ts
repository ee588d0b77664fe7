import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { ReloadAnswer } from '../start/follow-catalogue.ts'
import { claimInstance } from '../start/single-instance.ts'
import { askToReload, tryRoundTrip } from './round-trip.ts'

let root: string
let gateway: Server
let posts: number
let release = async () => {}
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'sluice-trial-'))
  posts = 0
  gateway = createServer((_request, response) => {
    posts++
    response.writeHead(400).end('refused by the test')
  })
  await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve))
})
afterEach(async () => {
  gateway.closeAllConnections()
  gateway.close()
  await release()
  rmSync(root, { recursive: true })
})

/** A Sluice that runs here and answers a reload so. */
async function runs(answer: () => Promise<ReloadAnswer>): Promise<void> {
  const claim = await claimInstance({ root, state: () => ({}), answer })
  if (claim.claimed) release = claim.release
}

const ingest = () => `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`
const answerOf = (given: boolean) => async (): Promise<ReloadAnswer> => ({
  ok: true,
  ingest: ingest(),
  brokers: '127.0.0.1:1',
  given,
  topics: [],
  joined: [{ name: 'order-archive', pid: 1, admin: undefined }],
  left: [],
})
const tryIt = (readByOthers: boolean) =>
  tryRoundTrip({
    root,
    type: 'order-placed',
    services: ['order-archive'],
    outputs: [],
    event: { data: {} },
    readByOthers,
    signal: new AbortController().signal,
  })

it('makes no event up for others who read the type on a given Kafka', async () => {
  await runs(answerOf(true))
  expect(await tryIt(true)).toMatchObject({ where: 'running', handled: false })
  expect(posts).toBe(0)
})

it.each([
  [true, false],
  [false, true],
])('sends one where Kafka is given: %s, and others read the type: %s', async (given, readByOthers) => {
  await runs(answerOf(given))
  await expect(tryIt(readByOthers)).rejects.toThrow('did not take the example: refused by the test')
  expect(posts).toBe(1)
})

it('says so when the Sluice that runs here does not answer', async () => {
  let letGo = () => {}
  await runs(() => new Promise((resolve) => (letGo = () => resolve({ ok: false, detail: 'late' }))))
  expect(await askToReload(root, 100)).toEqual({ ok: false, detail: expect.stringMatching(/no answer/) })
  letGo()
})
