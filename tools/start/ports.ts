import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { createServer } from 'node:net'

// Nothing but Node's own modules: the doctor checks ports before any package is installed.

/** A process that listens on a port, with its whole command line where that can be had. */
export type PortOwner = { readonly pid: number; readonly command: string }

/** Whether nothing on this machine listens on the port, on any IPv4 address. True only for this moment. */
export async function isPortFree(port: number): Promise<boolean> {
  // Both: some systems let one bind while another process holds the other.
  for (const host of ['0.0.0.0', '127.0.0.1']) {
    if (!(await canListen(port, host))) return false
  }
  return true
}

/** `port 8080 is in use by pid 4711 (node server.js)`, or by another process where we may not see by whom. */
export async function describePort(port: number): Promise<string> {
  const owner = fromProc(port) ?? (await fromLsof(port))
  if (owner === undefined) return `port ${port} is in use by another process`
  return `port ${port} is in use by pid ${owner.pid} (${shorten(owner.command)})`
}

function canListen(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)))
  })
}

/** State of a listening socket in /proc/net/tcp. */
const LISTEN = '0A'

/** Linux says it without any tool: from the port to the socket, from the socket to the process. */
function fromProc(port: number): PortOwner | undefined {
  const sockets = new Set<string>()
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of read(table).split('\n').slice(1)) {
      const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/)
      const localPort = Number.parseInt(local.slice(local.lastIndexOf(':') + 1), 16)
      if (state === LISTEN && localPort === port) sockets.add(`socket:[${inode}]`)
    }
  }
  if (sockets.size === 0) return undefined
  for (const pid of list('/proc').filter((name) => /^\d+$/.test(name))) {
    if (list(`/proc/${pid}/fd`).some((fd) => sockets.has(link(`/proc/${pid}/fd/${fd}`)))) {
      return { pid: Number(pid), command: read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim() }
    }
  }
  return undefined
}

function fromLsof(port: number): Promise<PortOwner | undefined> {
  const args = ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc']
  return new Promise((resolve) => {
    execFile('lsof', args, { timeout: 3000 }, (error, stdout) => {
      const match = error === null ? /^p(\d+)\nc(.+)$/m.exec(stdout) : null
      resolve(match === null ? undefined : { pid: Number(match[1]), command: match[2]! })
    })
  })
}

function shorten(command: string): string {
  return command.length <= 100 ? command : `${command.slice(0, 99)}…`
}

// Processes come and go, and others' descriptors are not ours to see: what cannot be read is absent.

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
