/** What can be done to the bytes of a direction (toxiproxy's README, "Toxics"). Times in milliseconds. */
export type Toxic =
  | { readonly type: 'latency'; readonly latency: number; readonly jitter?: number }
  /** KB a second. */
  | { readonly type: 'bandwidth'; readonly rate: number }
  /** Nothing gets through, and what was on its way is lost; 0 leaves the connections open. */
  | { readonly type: 'timeout'; readonly timeout: number }
  /** Connections are reset. */
  | { readonly type: 'reset_peer'; readonly timeout: number }

/** `upstream`: what clients send. `downstream`: what they are answered. */
export type Stream = 'upstream' | 'downstream'

/** One listener of toxiproxy and the faults that it can be given. */
export type FaultProxy = {
  /** `host:port` for clients. */
  readonly address: string
  /** Spoils one direction of all connections, also of those that are open; returns how to end it. */
  spoil(stream: Stream, toxic: Toxic): Promise<() => Promise<void>>
  /** Closes all connections and takes no new ones; returns how to end it. */
  cut(): Promise<() => Promise<void>>
}

/** A typed client of toxiproxy's HTTP API, as far as it is used here. Rejects when toxiproxy says no. */
export function createToxiproxyClient(api: string) {
  let spoilt = 0

  async function ask(method: string, path: string, body?: unknown): Promise<Response> {
    return fetch(`${api}${path}`, {
      method,
      // It refuses browsers, by their user agent.
      headers: { 'user-agent': 'sluice-faults', 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
  }

  async function call(method: 'GET' | 'POST', path: string, body?: unknown): Promise<void> {
    await expectSuccess(await ask(method, path, body), `${method} ${path}`)
  }

  /**
   * A toxic goes when all that it holds has passed. Toxiproxy answers after 25 s at the latest, with 503, and goes on; once
   * more, and one is told when it has gone.
   */
  async function remove(path: string): Promise<void> {
    for (;;) {
      const response = await ask('DELETE', path)
      if (response.status !== 503 && response.status !== 404) {
        return expectSuccess(response, `DELETE ${path}`)
      }
      await response.arrayBuffer()
      if (response.status === 404) return
    }
  }

  return {
    /** Rejects until toxiproxy answers. */
    ping: () => call('GET', '/version'),
    async createProxy(name: string, listen: string, upstream: string): Promise<FaultProxy> {
      await call('POST', '/proxies', { name, listen, upstream, enabled: true })
      return {
        address: listen,
        async spoil(stream, { type, ...attributes }) {
          const toxic = `${type}-${spoilt++}`
          await call('POST', `/proxies/${name}/toxics`, { name: toxic, type, stream, attributes })
          return () => remove(`/proxies/${name}/toxics/${toxic}`)
        },
        async cut() {
          await call('POST', `/proxies/${name}`, { enabled: false })
          return () => call('POST', `/proxies/${name}`, { enabled: true })
        },
      }
    },
  }
}

async function expectSuccess(response: Response, what: string): Promise<void> {
  const text = await response.text()
  if (!response.ok) throw new Error(`Toxiproxy: ${what}: ${response.status} ${text}`)
}

export type ToxiproxyClient = ReturnType<typeof createToxiproxyClient>
