import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { redriveAtGateway } from './redrive-at-gateway.ts'
import { parseRejectedCommand, type RejectedRedriveCommand } from './rejected-options.ts'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

const REPORT = { ended: 'done', sent: 1 }

/** A gateway that answers each request with the next of these. */
async function setup(...answers: readonly [status: number, body: unknown][]) {
  const asked: {
    method: string | undefined
    url: string | undefined
    token: string | undefined
    body: string
  }[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    asked.push({ method: request.method, url: request.url, token: request.headers.authorization, body })
    const [status, answer] = answers[Math.min(asked.length, answers.length) - 1]!
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
  })
  closing.push(() => server.close())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const gateway = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { asked, gateway }
}

function command(gateway: string, ...args: string[]): RejectedRedriveCommand {
  const env = { ADMIN_TOKEN: 'secret-secret-secret' }
  return parseRejectedCommand(['redrive', ...args, '--gateway', gateway], 0, env) as RejectedRedriveCommand
}

const never = new AbortController().signal

it('asks for a job, follows it, and hands on its report', async () => {
  const progress = { phase: 'sending', done: 1, total: 2 }
  const { asked, gateway } = await setup(
    [202, { id: 'j' }],
    [200, { status: 'running', progress }],
    [200, { status: 'done', report: REPORT }],
  )
  const seen: unknown[] = []
  const some = command(gateway, '--filter', 'code=schema', '--max', '3', '--dry-run')
  expect(await redriveAtGateway(some, never, (...args) => seen.push(args))).toEqual(REPORT)
  expect(seen).toEqual([['sending', 1, 2]])
  expect(asked.map(({ method, url }) => `${method} ${url}`)).toEqual([
    'POST /v1/rejected/redrive',
    'GET /v1/jobs/j',
    'GET /v1/jobs/j',
  ])
  expect(asked.every(({ token }) => token === 'Bearer secret-secret-secret')).toBe(true)
  expect(JSON.parse(asked[0]!.body)).toEqual({
    ...{ filter: ['code=schema'], notAllowed: false, dryRun: true, max: 3 },
  })
})

it('stops the job when it is stopped, and says what was done', async () => {
  const { asked, gateway } = await setup(
    [202, { id: 'j' }],
    [202, {}],
    [200, { status: 'running' }],
    [200, { status: 'stopped', report: { ...REPORT, ended: 'stopped' } }],
  )
  const all = command(gateway, '--all')
  expect(await redriveAtGateway(all, AbortSignal.abort(), () => {})).toMatchObject({ ended: 'stopped' })
  expect(asked.map(({ method }) => method)).toEqual(['POST', 'DELETE', 'GET', 'GET'])
})

it.each<[string, [number, unknown][], string]>([
  ['refuses', [[401, { detail: 'Send the token.' }]], 'answered 401: Send the token.'],
  ['is something else', [[404, 'x']], 'answered 404: it is no gateway of Sluice'],
  [
    'failed',
    [
      [202, { id: 'j' }],
      [200, { status: 'failed', failure: 'no topic' }],
    ],
    'no topic',
  ],
])('says what is wrong when the gateway %s', async (_, answers, message) => {
  const { gateway } = await setup(...answers)
  await expect(redriveAtGateway(command(gateway, '--all'), never, () => {})).rejects.toThrow(message)
})

it('says where it looked when there is no gateway', async () => {
  const gateway = 'http://127.0.0.1:1'
  const redriving = redriveAtGateway(command(gateway, '--all'), never, () => {})
  await expect(redriving).rejects.toThrow(/No gateway answers at http:\/\/127\.0\.0\.1:1: .+--gateway/)
})
