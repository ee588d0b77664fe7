import { createHash } from 'node:crypto'
import { renameSync, rmSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'

/** The outcome of {@link claimInstance}: the claim is ours until `release`, or somebody answered with a state. */
export type Claim<State> =
  | { readonly claimed: true; release(): Promise<void> }
  | { readonly claimed: false; readonly state: State | undefined }

/**
 * Makes this process the only one of its checkout and user, by listening on a local socket. Whoever comes
 * second connects to it and gets `state()`, as JSON, and the connection's end. A socket that nobody listens
 * on, left by a process that was killed, is put aside.
 *
 * The socket is in the temporary folder, named by a hash, because a Unix socket's path must be short. Not
 * guaranteed: that of two starts in the very same moment over a stale socket only one wins. Both then want
 * the same ports, and the second is stopped by that.
 */
export async function claimInstance<State>(options: {
  readonly root: string
  readonly state: () => State
  readonly folder?: string
}): Promise<Claim<State>> {
  const path = socketPath(options.root, options.folder ?? tmpdir())
  const server = createServer((socket) => {
    socket.on('error', () => {}) // the asker has gone; nobody is owed an answer
    socket.end(JSON.stringify(options.state()))
  })
  if (!(await listens(server, path))) {
    const answer = await ask(path)
    if (answer.alive) return { claimed: false, state: parse<State>(answer.text) }
    putAside(path)
    if (!(await listens(server, path))) return { claimed: false, state: undefined }
  }
  return {
    claimed: true,
    release: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

/** Where the socket of a checkout is. */
export function socketPath(root: string, folder: string): string {
  const hash = createHash('sha256').update(`${userInfo().uid}\n${root}`).digest('hex').slice(0, 16)
  if (process.platform === 'win32') return `\\\\.\\pipe\\sluice-${hash}`
  return join(folder, `sluice-${hash}.sock`)
}

function listens(server: Server, path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false)
      else reject(error)
    })
    server.listen(path, () => {
      server.removeAllListeners('error')
      resolve(true)
    })
  })
}

const ANSWER_TIMEOUT_MS = 2000

/** A socket that takes a connection is alive, also when its process is too busy to say anything. */
function ask(path: string): Promise<{ alive: boolean; text: string }> {
  return new Promise((resolve) => {
    let text = ''
    let alive = false
    const socket = connect(path)
    socket.setEncoding('utf8')
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => socket.destroy())
    socket.on('connect', () => {
      alive = true
    })
    socket.on('data', (chunk: string) => {
      text += chunk
    })
    socket.on('error', () => {}) // close follows
    socket.on('close', () => resolve({ alive, text }))
  })
}

/** Renamed first, so that the name is free in one step whoever else looks at it. */
function putAside(path: string): void {
  const aside = `${path}.${process.pid}`
  try {
    renameSync(path, aside)
    rmSync(aside, { force: true })
  } catch {
    // Somebody else put it aside: listening again decides.
  }
}

function parse<State>(text: string): State | undefined {
  try {
    return JSON.parse(text) as State
  } catch {
    return undefined
  }
}
