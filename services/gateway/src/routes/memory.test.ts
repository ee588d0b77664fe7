import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import { fileURLToPath } from 'node:url'
import { orderPlaced } from '@sluice/events'
import { expect, onTestFinished, test } from 'vitest'

const MIB = 1024 * 1024
/** Without limits V8 lets garbage lie while the machine has memory, and nothing could be told. */
const HEAP = ['--max-old-space-size=96', '--max-semi-space-size=8']
/** More by hand, to see that it is flat. */
const STREAM_MIB = Number(process.env['TEST_STREAM_MIB'] ?? 200)

test('a stream of any length is served in constant memory, answered while it is sent', {
  timeout: 600_000,
}, async () => {
  const gateway = fork(fileURLToPath(new URL('../gateway-process.ts', import.meta.url)), { execArgv: HEAP })
  onTestFinished(() => void gateway.kill())
  const [{ port }] = (await once(gateway, 'message')) as [{ port: number }]
  const before = await askMemory(gateway)
  const part = Buffer.from(
    `${JSON.stringify({ type: 'order-placed', data: orderPlaced.example })}\n`.repeat(1000),
  )
  const parts = Math.ceil((STREAM_MIB * MIB) / part.length)

  const client = request({
    port,
    method: 'POST',
    path: '/v1/events',
    headers: { 'content-type': 'application/x-ndjson' },
  })
  client.flushHeaders()
  let sent = 0
  let sentAtFirstResult: number | undefined
  let tail = ''
  const answered = once(client, 'response').then(async ([response]) => {
    for await (const chunk of response) {
      sentAtFirstResult ??= sent
      tail = (tail + chunk).slice(-500)
    }
  })
  for (; sent < parts; sent++) if (!client.write(part)) await once(client, 'drain')
  client.end()
  await answered

  expect(JSON.parse(tail.trim().split('\n').at(-1)!)).toMatchObject({ summary: { accepted: parts * 1000 } })
  expect(sentAtFirstResult).toBeLessThan(parts / 2)
  expect((await askMemory(gateway)) - before).toBeLessThan(50 * MIB)
})

/** The most that the process ever had, in bytes. */
async function askMemory(gateway: ChildProcess): Promise<number> {
  gateway.send('memory')
  const [{ maxRss }] = (await once(gateway, 'message')) as [{ maxRss: number }]
  return maxRss
}
