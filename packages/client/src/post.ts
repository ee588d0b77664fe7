import type { Clock } from './clock.ts'
import type { RawAnswer } from './read-answer.ts'

export type PostOptions = {
  /** The gateway, without `/v1/events`. */
  readonly url: string
  /** A bearer token, or what gives one; asked before each request, so that it may be renewed. */
  readonly token?: string | (() => string | Promise<string>) | undefined
  /** How long a request may take, from asking for the token to the end of the answer. Default: 15 s. */
  readonly requestTimeoutMs?: number | undefined
  readonly fetch?: typeof fetch | undefined
}

export type Poster = {
  /**
   * One request to the gateway. Never rejects: one without an answer, or with half of one, is `lost`.
   * @param write called when the request is about to be made, for its body; undefined when there is nothing to send
   */
  post(write: () => string | undefined): Promise<RawAnswer | 'lost' | 'no-token' | 'not-sent'>
  /** Breaks off what is under way. */
  abort(): void
}

export function createPoster(options: PostOptions, clock: Clock): Poster {
  const { token, requestTimeoutMs = 15_000 } = options
  // Bound: a browser's own fetch does not work as a member of something else.
  const send = options.fetch ?? globalThis.fetch.bind(globalThis)
  const url = `${options.url.replace(/\/+$/, '')}/v1/events`
  /** The bodies that are on their way and may outlive their page. */
  let keptAlive = 0
  const open = new Set<AbortController>()

  async function post(write: () => string | undefined) {
    const controller = new AbortController()
    open.add(controller)
    const disarm = clock.after(requestTimeoutMs, () => controller.abort())
    const { signal } = controller
    let kept = 0
    try {
      let bearer: string | undefined
      try {
        bearer = typeof token === 'function' ? await unlessAborted(token, signal) : token
      } catch {
        return 'no-token'
      }
      const body = write()
      if (body === undefined) return 'not-sent'
      const size = 3 * body.length
      const keepalive = keptAlive + size <= MAX_KEPT_ALIVE_BYTES
      if (keepalive) keptAlive += kept = size
      const response = await send(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          prefer: 'return=minimal',
          ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
        },
        body,
        signal,
        keepalive,
      })
      const retryAfter = response.headers.get('retry-after')
      return { status: response.status, retryAfter, body: await response.text() }
    } catch {
      return 'lost'
    } finally {
      keptAlive -= kept
      open.delete(controller)
      disarm()
    }
  }

  return {
    post,
    abort() {
      for (const controller of open) controller.abort()
    },
  }
}

/** What all requests with `keepalive` may have in their bodies, together (Fetch, 4.6, HTTP-network-or-cache fetch). */
const MAX_KEPT_ALIVE_BYTES = 64 * 1024

function unlessAborted<T>(call: () => T | Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    Promise.resolve(call())
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', abort))
  })
}
