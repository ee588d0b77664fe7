/** PEM texts, not paths. Without `ca` the system's authorities are trusted. */
export type KafkaTls = {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  /** The name that the broker's certificate must carry, where it is not the host's. */
  readonly servername?: string
}

/** Where an OAUTHBEARER token comes from: the client credentials grant of RFC 6749, or a file that is renewed. */
export type TokenSource =
  | {
      readonly endpoint: string
      readonly clientId: string
      readonly clientSecret: string
      readonly scope?: string
    }
  | { readonly file: string }

export type KafkaSasl =
  | {
      readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
      readonly username: string
      readonly password: string
    }
  | { readonly mechanism: 'oauthbearer'; readonly token: TokenSource }

/** The way to one cluster, as plain values; whoever starts a process reads them from its environment. */
export type KafkaConnection = {
  /** `host:port`, tried in this order until one answers. */
  readonly brokers: readonly string[]
  /** What the brokers' logs, metrics and quotas know us by. */
  readonly clientId: string
  /** Absent: not encrypted. */
  readonly tls?: KafkaTls
  readonly sasl?: KafkaSasl
  readonly connectTimeoutMs: number
  /** How long an answer may take before it is given up and the connection replaced. */
  readonly requestTimeoutMs: number
}
