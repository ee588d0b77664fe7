import { connect, type Socket } from 'node:net'

/** Where to post: one of the replicas' ports on this machine. */
export type Target = { readonly port: number; readonly path: string }

export type Answer = { readonly status: number; readonly body: string }

/** A keep-alive HTTP/1.1 connection with one request at a time. */
export type Connection = {
  /**
   * Sends a whole request, which must not change until the answer is there. `undefined` when the connection was
   * closed or the answer did not come in time: whether the request had an effect is then not known. The next
   * request opens a new connection. Never rejects.
   */
  post(request: Uint8Array): Promise<Answer | undefined>
  close(): void
}

/**
 * As much HTTP as the systems under load speak: answers with a Content-Length. Ten times cheaper than a general
 * client, so that the load takes little from what it measures.
 */
export function createConnection(port: number, timeoutMs: number): Connection {
  let socket: Socket | undefined
  let received: Buffer[] = []
  let settle: ((answer: Answer | undefined) => void) | undefined

  function open(): Socket {
    const opened = connect({ port, host: '127.0.0.1', noDelay: true })
    opened.setTimeout(timeoutMs, () => opened.destroy())
    opened.on('data', (chunk: Buffer) => receive(opened, chunk))
    opened.on('error', () => {})
    opened.on('close', () => {
      if (socket !== opened) return
      socket = undefined
      finish(undefined)
    })
    return opened
  }

  function receive(from: Socket, chunk: Buffer): void {
    received.push(chunk)
    const bytes = received.length === 1 ? chunk : Buffer.concat(received)
    const answer = readAnswer(bytes)
    if (answer === undefined) received = [bytes]
    else if (answer === 'unreadable') from.destroy()
    else finish(answer)
  }

  function finish(answer: Answer | undefined): void {
    received = []
    const done = settle
    settle = undefined
    done?.(answer)
  }

  return {
    post(request) {
      return new Promise((resolve) => {
        settle = resolve
        socket ??= open()
        socket.write(request)
      })
    },
    close() {
      socket?.destroy()
    },
  }
}

/** The answer that `bytes` hold, `undefined` while some of it is missing. */
export function readAnswer(bytes: Buffer): Answer | 'unreadable' | undefined {
  const headEnd = bytes.indexOf(HEAD_END)
  if (headEnd === -1) return undefined
  const head = bytes.toString('latin1', 0, headEnd)
  const status = Number(head.slice(9, 12))
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
  if (!head.startsWith('HTTP/1.1 ') || length === undefined) return 'unreadable'
  const bodyAt = headEnd + HEAD_END.length
  const end = bodyAt + Number(length)
  if (bytes.length < end) return undefined
  return { status, body: bytes.toString('latin1', bodyAt, end) }
}

const HEAD_END = Buffer.from('\r\n\r\n')
