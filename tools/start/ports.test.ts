import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { describePort, isPortFree } from './ports.ts'

it('names the process that holds a port', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  expect(await isPortFree(port)).toBe(false)
  expect(await describePort(port)).toMatch(
    new RegExp(`^port ${port} is in use by (pid ${process.pid} \\(.*node.*\\)|another process)$`),
  )
  server.close()
})
