import { execFile } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'

const SCRIPT = fileURLToPath(new URL('health.ts', import.meta.url))

it.each([
  [200, 0],
  [503, 1],
])('an answer of %i to /readyz is exit code %i, and the answer is shown', async (status, code) => {
  const asked: (string | undefined)[] = []
  const server = createServer((request, response) => {
    asked.push(request.url)
    response.writeHead(status).end('{"checks":[]}')
  })
  onTestFinished(() => void server.close())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  expect(await check(port)).toEqual({ code, output: '{"checks":[]}' })
  expect(asked).toEqual(['/readyz'])
})

it('no answer is exit code 1, and says where there was none', async () => {
  const { code, output } = await check(1)
  expect(code).toBe(1)
  expect(output).toContain('http://127.0.0.1:1/readyz: connect ECONNREFUSED')
})

function check(port: number): Promise<{ code: number; output: string }> {
  const env = { ...process.env, ADMIN_PORT: String(port) }
  return new Promise((resolve) => {
    execFile(process.execPath, [SCRIPT], { env }, (error, output) =>
      resolve({ code: Number(error?.code ?? 0), output }),
    )
  })
}
