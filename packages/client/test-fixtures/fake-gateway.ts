import type { Clock } from '../src/clock.ts'

/** What a request carries, as far as a gateway looks at it. */
export type PostedEvent = {
  readonly type: string
  readonly id: string
  readonly data: { readonly key: string }
}

export type Fate =
  | 'accepted'
  | 'duplicate'
  | 'filtered'
  | 'rejected'
  | 'refused'
  | 'unknown'
  | 'unknown-stored'

/** How a request is answered: by results, by a problem of the whole, or not at all. */
export type Treatment = {
  readonly latencyMs?: number
  readonly fateOf?: (event: PostedEvent) => Fate
  readonly problem?: { readonly status: number; readonly code?: string; readonly retryAfter?: string }
  /** After the events were stored. */
  readonly loses?: boolean
  /** Only the first half of the answer arrives. */
  readonly cuts?: boolean
  readonly retryAfter?: string
}

export type Post = {
  readonly at: number
  readonly headers: Headers
  readonly keepalive: boolean
  readonly events: readonly PostedEvent[]
  readonly text: string
}

/** A gateway with a Kafka behind it, seen through `fetch`: it keeps the order of a key inside a request. */
export function createFakeGateway(clock: Clock, treat: (post: Post, index: number) => Treatment) {
  const posts: Post[] = []
  const open = new Set<Post>()
  /** In the order in which it was stored. */
  const log: PostedEvent[] = []

  async function fakeFetch(_url: unknown, init: RequestInit = {}): Promise<Response> {
    const text = String(init.body)
    const events = JSON.parse(text) as PostedEvent[]
    const post: Post = {
      at: clock.now(),
      headers: new Headers(init.headers),
      keepalive: init.keepalive ?? false,
      events,
      text,
    }
    const treatment = treat(post, posts.length)
    posts.push(post)
    open.add(post)
    const { latencyMs = 3, problem } = treatment
    const { promise, resolve, reject } = Promise.withResolvers<Response>()
    init.signal?.addEventListener('abort', () => {
      open.delete(post)
      reject(init.signal!.reason)
    })
    // Also when the client no longer waits: a gateway does not know.
    clock.after(latencyMs, () => {
      open.delete(post)
      const results = problem ? [] : store(events, treatment)
      if (treatment.loses) reject(new TypeError('fetch failed'))
      else if (problem) {
        const { status, code, retryAfter } = problem
        resolve(answer(status, JSON.stringify({ code }), retryAfter))
      } else {
        const accepted = results.filter(({ status }) => status === 'accepted').length
        const body = JSON.stringify({
          accepted,
          results: results.filter(({ status }) => status !== 'accepted'),
        })
        resolve(answer(207, treatment.cuts ? body.slice(0, body.length / 2) : body, treatment.retryAfter))
      }
    })
    return promise
  }

  function store(events: readonly PostedEvent[], { fateOf = () => 'accepted' }: Treatment) {
    const held = new Set<string>()
    return events.map((event, index) => {
      const fate = held.has(event.data.key) ? 'after-refused' : fateOf(event)
      if (fate === 'accepted' || fate === 'unknown-stored') log.push(event)
      if (fate === 'refused' || fate.startsWith('unknown')) held.add(event.data.key)
      const { id } = event
      if (fate === 'after-refused') return { index, id, status: 'refused', code: fate }
      if (fate === 'refused') return { index, id, status: 'refused', code: 'overloaded' }
      if (fate.startsWith('unknown')) return { index, id, status: 'unknown', code: 'unconfirmed' }
      if (fate === 'rejected') return { index, id, status: fate, code: 'schema', errors: [] }
      return { index, id, status: fate }
    })
  }

  return { fetch: fakeFetch as typeof fetch, posts, open, log }
}

function answer(status: number, body: string, retryAfter: string | undefined): Response {
  return new Response(body, {
    status,
    headers: retryAfter === undefined ? {} : { 'retry-after': retryAfter },
  })
}
