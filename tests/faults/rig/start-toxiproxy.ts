import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { freePort, waitFor } from '@sluice/testing'
import { createToxiproxyClient, type ToxiproxyClient } from './toxiproxy.ts'

/** Keep in step with docs/dependencies.md. */
const VERSION = '2.12.0'
const MODULE = `github.com/Shopify/toxiproxy/v2/cmd/server@v${VERSION}`
const IMAGE = `ghcr.io/shopify/toxiproxy:${VERSION}`
const CACHE = fileURLToPath(new URL('../../../.sluice/toxiproxy', import.meta.url))

/** There is no way to toxiproxy on this machine. Whoever asked for the suite has to be told. */
export class NoToxiproxyError extends Error {
  override readonly name = 'NoToxiproxyError'
  readonly code = 'no-toxiproxy'
}

export type Toxiproxy = ToxiproxyClient & { stop(): Promise<void> }

/**
 * Starts toxiproxy on a port of its own. It is built with Go, once, into `.sluice/toxiproxy`; where there is no Go,
 * its container is run in the network of this machine, which only Linux can.
 * @throws NoToxiproxyError when there is neither.
 */
export async function startToxiproxy(onNotice: (line: string) => void): Promise<Toxiproxy> {
  const port = await freePort()
  const args = ['-host', '127.0.0.1', '-port', String(port)]
  const binary = await findBinary(onNotice)
  const container = `sluice-toxiproxy-${port}`
  const child = binary
    ? spawn(binary, args, { stdio: 'ignore' })
    : spawn('docker', ['run', '--rm', '--name', container, '--network', 'host', IMAGE, ...args], {
        stdio: 'ignore',
      })
  const ended = new Promise<void>((resolve) =>
    child.once('close', () => resolve()).once('error', () => resolve()),
  )
  const killWithUs = () => child.kill('SIGTERM')
  process.once('exit', killWithUs)
  const client = createToxiproxyClient(`http://127.0.0.1:${port}`)
  const stop = async () => {
    process.off('exit', killWithUs)
    await end(child, ended)
  }
  try {
    await waitFor(() => client.ping().then(() => true), {
      timeoutMs: 120_000,
      describe: 'toxiproxy to answer',
    })
  } catch (error) {
    await stop()
    throw error
  }
  return { ...client, stop }
}

/** Why there can be no toxiproxy here; nothing when there can. */
export async function whyNoToxiproxy(): Promise<string | undefined> {
  if (existsSync(binaryPath()) || (await runs('go', ['version']))) return undefined
  if (process.platform === 'linux' && (await runs('docker', ['version']))) return undefined
  const docker = process.platform === 'linux' ? ', or a Docker engine' : ''
  return `The fault suite puts toxiproxy ${VERSION} before Kafka, and this machine cannot run it. Install Go 1.23 or newer${docker}.`
}

async function findBinary(onNotice: (line: string) => void): Promise<string | undefined> {
  const binary = binaryPath()
  if (existsSync(binary)) return binary
  const reason = await whyNoToxiproxy()
  if (reason) throw new NoToxiproxyError(reason)
  if (!(await runs('go', ['version']))) return undefined
  onNotice(`Building toxiproxy ${VERSION} with Go, once.`)
  await mkdir(CACHE, { recursive: true })
  const building = await mkdtemp(join(CACHE, 'building-'))
  try {
    const env = { ...process.env, GOBIN: building, GOFLAGS: '-mod=mod' }
    await promisify(execFile)('go', ['install', MODULE], { env, timeout: 600_000 })
    // Under its own name only when it is whole; another process may have been first with the same.
    await rename(join(building, process.platform === 'win32' ? 'server.exe' : 'server'), binary)
  } catch (cause) {
    throw new NoToxiproxyError(`Go could not build toxiproxy: ${(cause as Error).message}`, { cause })
  } finally {
    await rm(building, { recursive: true, force: true })
  }
  return binary
}

function binaryPath(): string {
  return join(CACHE, `toxiproxy-server-${VERSION}`)
}

function runs(command: string, args: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    execFile(command, [...args], { timeout: 10_000 }, (error) => resolve(error === null))
  })
}

async function end(child: ChildProcess, ended: Promise<void>): Promise<void> {
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000)
  await ended
  clearTimeout(timer)
}
