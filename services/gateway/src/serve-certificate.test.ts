import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Server as TlsServer, connect as tlsConnect } from 'node:tls'
import { createLogger, createMetrics } from '@sluice/telemetry'
import { expect, onTestFinished, test } from 'vitest'
import { createSelfSigned } from './certificate-fixture.ts'
import { createTestGateway } from './gateway-fixture.ts'
import { serveCertificate } from './serve-certificate.ts'

async function setup() {
  const folder = await mkdtemp(join(tmpdir(), 'tls-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const certFile = join(folder, 'cert.pem')
  const keyFile = join(folder, 'key.pem')
  const logged: string[] = []
  const log = createLogger({
    service: 'gateway',
    level: 'info',
    destination: { write: (line: string) => void logged.push(line) },
  })
  const gateway = createTestGateway({ tls: true })
  const put = async ({ cert, key }: { cert: string; key: string }) => {
    await writeFile(certFile, cert)
    await writeFile(keyFile, key)
  }
  const serve = () =>
    serveCertificate(gateway.server.server as unknown as TlsServer, {
      ...{ certFile, keyFile, log, everyMs: 5 },
      metrics: createMetrics('gateway'),
    })
  async function start(): Promise<number> {
    const certificate = await serve()
    await gateway.server.listen({ host: '127.0.0.1', port: 0 })
    onTestFinished(async () => {
      certificate.stop()
      await gateway.server.close()
    })
    return (gateway.server.server.address() as { port: number }).port
  }
  return { certFile, keyFile, put, serve, start, logged }
}

/** The catalogue, over TLS: its status, or why there is none. */
function ask(port: number, ca: string): Promise<number | string> {
  return new Promise((resolve) => {
    request(
      { host: '127.0.0.1', port, path: '/v1/types', ca, servername: 'localhost', agent: false },
      (response) => {
        response.resume()
        resolve(response.statusCode!)
      },
    )
      .on('error', (error: NodeJS.ErrnoException) => resolve(error.code!))
      .end()
  })
}

test('a certificate is served, and the next one without a restart', async () => {
  const { put, start } = await setup()
  const [first, second] = [createSelfSigned('localhost'), createSelfSigned('localhost')]
  await put(first)
  const port = await start()
  expect(await ask(port, first.cert)).toBe(200)
  expect(await ask(port, second.cert)).toBe('DEPTH_ZERO_SELF_SIGNED_CERT')
  await put(second)
  await expect.poll(() => ask(port, second.cert)).toBe(200)
})

test('a certificate that does not fit its key changes nothing', async () => {
  const { put, start, logged } = await setup()
  const first = createSelfSigned('localhost')
  await put(first)
  const port = await start()
  const errors = () => logged.filter((line) => line.includes('"level":"error"')).join('')
  for (const [key, why] of [
    ['', 'the certificate cannot be used'],
    [first.key, 'not that of the certificate'],
  ] as const) {
    await put({ cert: createSelfSigned('localhost').cert, key })
    await expect.poll(errors).toContain(why)
    expect(await ask(port, first.cert)).toBe(200)
  }
  expect(logged.join('')).not.toContain(first.key.split('\n')[1])
})

test('less than TLS 1.2 is not spoken, and what is no TLS harms nobody', async () => {
  const { put, start } = await setup()
  const only = createSelfSigned('localhost')
  await put(only)
  const port = await start()
  const old = await new Promise((resolve) => {
    const socket = tlsConnect({
      host: '127.0.0.1',
      port,
      ca: only.cert,
      servername: 'localhost',
      maxVersion: 'TLSv1.1',
      minVersion: 'TLSv1',
    })
    socket.on('secureConnect', () => resolve('connected')).on('error', () => resolve('refused'))
  })
  expect(old).toBe('refused')
  await new Promise<void>((resolve) => {
    const socket = connect(port, '127.0.0.1', () =>
      socket.write('POST /v1/events HTTP/1.1\r\nHost: a\r\n\r\n'),
    )
    socket
      .on('error', () => {})
      .on('close', () => resolve())
      .resume()
  })
  expect(await ask(port, only.cert)).toBe(200)
})

test('files that cannot be used keep the gateway from starting, and are named', async () => {
  const { certFile, put, serve } = await setup()
  await expect(serve()).rejects.toThrow(new RegExp(`GATEWAY_TLS_CERT_FILE: ${certFile}.*ENOENT`))
  await put({ cert: 'nonsense', key: createSelfSigned('localhost').key })
  await expect(serve()).rejects.toThrow('cannot be used')
})
