/** A user of the listeners with SASL. */
export type KafkaUser = { readonly name: string; readonly password: string }

/** Listeners beside the plain one, each on a port of its own. They share the users. */
export type ExtraListeners = {
  /** SASL without encryption: PLAIN and SCRAM-SHA-256. */
  readonly saslPlaintextPort?: number
  /** SASL under TLS: PLAIN and SCRAM-SHA-256. Needs `keystore`. */
  readonly saslSslPort?: number
  /** TLS without SASL. Needs `keystore`. */
  readonly sslPort?: number
  /** Without encryption, for clients that come through something that forwards: they are told its port. */
  readonly forwarded?: readonly ForwardedListener[]
  readonly users?: readonly KafkaUser[]
  /** PKCS12 with the broker's key and certificate; clients reach the TLS listeners as `localhost`. */
  readonly keystore?: { readonly path: string; readonly password: string }
}

/** A listener at `port` whose clients are sent to `advertisedPort`. */
export type ForwardedListener = {
  /** Capital letters. */
  readonly name: string
  readonly port: number
  readonly advertisedPort: number
}

export type KafkaProperties = {
  readonly logDir: string
  readonly port: number
  readonly controllerPort: number
  readonly extraListeners?: ExtraListeners
  /** Last word on anything else. */
  readonly overrides?: Readonly<Record<string, string>>
}

const HOST = '127.0.0.1'

/** What is added to infra/kafka/server.properties for one node: folders, listeners, users. */
export function renderProperties(template: string, properties: KafkaProperties): string {
  const { logDir, port, controllerPort, extraListeners = {}, overrides } = properties
  const { saslPlaintextPort, saslSslPort, sslPort, forwarded = [], users = [], keystore } = extraListeners
  if ((saslSslPort ?? sslPort) !== undefined && keystore === undefined) {
    throw new TypeError('A listener with TLS needs a keystore.')
  }
  const own = [
    { name: 'PLAINTEXT', port, host: HOST },
    { name: 'SASL_PLAINTEXT', port: saslPlaintextPort, host: HOST },
    { name: 'SASL_SSL', port: saslSslPort, host: 'localhost' },
    { name: 'SSL', port: sslPort, host: 'localhost' },
  ].filter((listener) => listener.port !== undefined)
  const listeners = [
    ...own.map((listener) => ({ ...listener, advertisedPort: listener.port, protocol: listener.name })),
    ...forwarded.map((listener) => ({ ...listener, host: HOST, protocol: 'PLAINTEXT' })),
  ]

  const settings: Record<string, string> = {
    'node.id': '1',
    'log.dirs': logDir,
    listeners: [
      ...listeners.map((listener) => `${listener.name}://${HOST}:${listener.port}`),
      `CONTROLLER://${HOST}:${controllerPort}`,
    ].join(','),
    'advertised.listeners': listeners
      .map(({ name, host, advertisedPort }) => `${name}://${host}:${advertisedPort}`)
      .join(','),
    'listener.security.protocol.map': [
      'CONTROLLER:PLAINTEXT',
      ...listeners.map(({ name, protocol }) => `${name}:${protocol}`),
    ].join(','),
    // A fixed quorum is not written into the data, so that the next start may use another port.
    'controller.quorum.voters': `1@${HOST}:${controllerPort}`,
  }
  for (const { name } of listeners)
    if (name.startsWith('SASL')) Object.assign(settings, saslSettings(name, users))
  if (keystore !== undefined) {
    settings['ssl.keystore.type'] = 'PKCS12'
    settings['ssl.keystore.location'] = keystore.path
    settings['ssl.keystore.password'] = keystore.password
    settings['ssl.key.password'] = keystore.password
  }
  Object.assign(settings, overrides)
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value.replaceAll('\\', '\\\\')}`)
  return `${template.trimEnd()}\n\n${lines.join('\n')}\n`
}

function saslSettings(listener: string, users: readonly KafkaUser[]): Record<string, string> {
  const prefix = `listener.name.${listener.toLowerCase()}`
  const plain = users.map(({ name, password }) => ` user_${name}="${password}"`).join('')
  return {
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256',
    [`${prefix}.plain.sasl.jaas.config`]: `org.apache.kafka.common.security.plain.PlainLoginModule required${plain};`,
    // The users themselves are in the metadata, put there when the folder was formatted.
    [`${prefix}.scram-sha-256.sasl.jaas.config`]:
      'org.apache.kafka.common.security.scram.ScramLoginModule required;',
  }
}
