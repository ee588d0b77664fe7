import { createHash } from 'node:crypto'
import { renameSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'

/** The outcome of {@link claimInstance}: the claim is ours until `release`, or somebody answered with a state. */
export type Claim<State> =
  | { readonly claimed: true; release(): Promise<void> }
  | { readonly claimed: false; readonly state: State | undefined }

/**
 * Makes this process the only one of its checkout and user, by listening on a local socket. Whoever comes second
 * connects to it, asks for the state and gets `state()`, as JSON, and the connection's end. What else is asked, a line
 * of text, `answer` answers; see {@link askInstance}. A socket that nobody listens on, left by a process that was killed,
 * is put aside.
 *
 * The socket is in the temporary folder, named by a hash, because a Unix socket's path must be short. Not
 * guaranteed: that of two starts in the very same moment over a stale socket only one wins. Both then want
 * the same ports, and the second is stopped by that.
 */
export async function claimInstance<State>(options: {
  readonly root: string
  readonly state: () => State
  /** Must not reject: what it resolves with is the answer. */
  readonly answer?: (request: string) => Promise<unknown>
  readonly folder?: string
}): Promise<Claim<State>> {
  const path = socketPath(options.root, options.folder ?? tmpdir())
  const server = createServer((socket) => {
    socket.on('error', () => {}) // the asker has gone; nobody is owed an answer
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => socket.destroy())
    readLine(socket, async (request) => {
      socket.setTimeout(0)
      const answer = request === STATE ? options.state() : await options.answer?.(request)
      socket.end(JSON.stringify(answer ?? null))
    })
  })
  if (!(await listens(server, path))) {
    const answer = await ask(path, STATE, ANSWER_TIMEOUT_MS)
    if (answer.alive) return { claimed: false, state: parse<State>(answer.text) }
    putAside(path)
    if (!(await listens(server, path))) return { claimed: false, state: undefined }
  }
  return {
    claimed: true,
    release: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

/** Somebody holds the claim, but gave no answer. Caught by whoever asked. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError'
}

/**
 * Asks the process that holds the claim of a checkout. `undefined` when there is none.
 * @throws NoAnswerError when there is one that does not answer within `timeoutMs`
 */
export async function askInstance<Answer>(options: {
  readonly root: string
  readonly request: string
  readonly timeoutMs: number
  readonly folder?: string
}): Promise<Answer | undefined> {
  const path = socketPath(options.root, options.folder ?? tmpdir())
  const { alive, text } = await ask(path, options.request, options.timeoutMs)
  if (alive && text === '') {
    throw new NoAnswerError(`It gave no answer to "${options.request}" within ${options.timeoutMs / 1000} s.`)
  }
  return parse<Answer>(text)
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

/** What a second start asks for. */
const STATE = 'state'
const ANSWER_TIMEOUT_MS = 2000

/** A request is one short line. */
function readLine(socket: Socket, then: (line: string) => Promise<void>): void {
  let text = ''
  socket.setEncoding('utf8')
  socket.on('data', (chunk: string) => {
    if (text.includes('\n')) return
    text += chunk
    if (text.includes('\n')) void then(text.slice(0, text.indexOf('\n')))
  })
}

/** A socket that takes a connection is alive, also when its process is too busy to say anything. */
function ask(path: string, request: string, timeoutMs: number): Promise<{ alive: boolean; text: string }> {
  return new Promise((resolve) => {
    let text = ''
    let alive = false
    const socket = connect(path)
    socket.setEncoding('utf8')
    socket.setTimeout(timeoutMs, () => socket.destroy())
    socket.on('connect', () => {
      alive = true
      socket.write(`${request}\n`)
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
