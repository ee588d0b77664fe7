import { execFile } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { connect, createServer } from 'node:net'

/** A process that listens on a port. */
export type PortOwner = { readonly pid: number; readonly command: string }

/** Whether a TCP port of this machine can be listened on. Another process may still take it right after. */
export async function isPortFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  // Where a wildcard listener does not stop a bind to one address (macOS), connecting still finds it.
  return !(await accepts(port, host)) && (await canBind(port, host))
}

/**
 * A port that was free a moment ago, never the same twice in one process. Below the ports that systems deal to
 * outgoing connections (from 32768 on Linux, 49152 elsewhere): a system that chooses by itself deals from those, and
 * before a server is up a connection may have taken its port.
 */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (let tries = 1; tries <= MAX_TRIES; tries++) {
    const port = randomInt(FIRST_PORT, LAST_PORT + 1)
    if (dealt.has(port)) continue
    dealt.add(port)
    if (await isPortFree(port, host)) return port
  }
  throw new Error(`No port of ${host} between ${FIRST_PORT} and ${LAST_PORT} could be listened on.`)
}

const dealt = new Set<number>()
const FIRST_PORT = 20_000
const LAST_PORT = 29_999
const MAX_TRIES = 100

/** Who listens on a port, as far as `ss` or `lsof` may say: another user's process often stays unnamed. */
export async function portOwner(port: number): Promise<PortOwner | undefined> {
  return (
    parseSs(await output('ss', ['-ltnpH', `sport = :${port}`])) ??
    parseLsof(await output('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc']))
  )
}

/** Reads `users:(("java",pid=4711,fd=120))`. */
export function parseSs(text: string): PortOwner | undefined {
  const match = /users:\(\("([^"]+)",pid=(\d+)/.exec(text)
  return match ? { command: match[1]!, pid: Number(match[2]) } : undefined
}

/** Reads lsof's field output: `p4711`, then `cjava`. */
export function parseLsof(text: string): PortOwner | undefined {
  const match = /^p(\d+)\nc(.+)$/m.exec(text)
  return match ? { command: match[2]!, pid: Number(match[1]) } : undefined
}

function accepts(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host })
    const settle = (accepted: boolean) => {
      socket.destroy()
      resolve(accepted)
    }
    socket.setTimeout(1000, () => settle(false))
    socket.once('connect', () => settle(true)).once('error', () => settle(false))
  })
}

function canBind(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, host, () => server.close(() => resolve(true)))
  })
}

function output(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(command, [...args], { timeout: 3000 }, (error, stdout) => resolve(error ? '' : stdout))
  })
}
