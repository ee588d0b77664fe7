import net from 'node:net'
import tls from 'node:tls'
import { Kafka, type KafkaConfig, logLevel, type SASLOptions } from 'kafkajs'
import type { KafkaConnection, KafkaSasl } from './connection.ts'
import { createTokenReader } from './oauth-token.ts'

/**
 * Where the client's lines go. kafkajs' own are about single attempts and come at `debug`: whoever made the call
 * says what came of it.
 */
export type KafkaLog = (
  level: 'warn' | 'info' | 'debug',
  message: string,
  fields: Record<string, unknown>,
) => void

/** A kafkajs client and every socket that it opened. */
export type KafkaJs = {
  readonly kafka: Pick<Kafka, 'producer' | 'consumer' | 'admin'>
  /** Cuts the connections to one broker (`host:port`); kafkajs makes new ones when it needs them. */
  cut(broker: string): void
  /** Cuts all connections and makes no more, so that nothing of it goes on, whatever kafkajs thinks. */
  destroy(): void
}

/**
 * One kafkajs client for one producer, consumer or admin: clients made from one `Kafka` share a table of
 * committed offsets, in which two members of one group overwrite each other.
 */
export function connectKafkaJs(connection: KafkaConnection, name: string, log?: KafkaLog): KafkaJs {
  const sockets = new Map<net.Socket, string>()
  let destroyed = false

  const socketFactory: KafkaConfig['socketFactory'] = ({ host, port, ssl, onConnect }) => {
    if (destroyed) throw new Error('This client is closed.')
    const socket = ssl
      ? tls.connect({ host, port, ...(net.isIP(host) ? {} : { servername: host }), ...ssl }, onConnect)
      : net.connect({ host, port }, onConnect)
    // A peer that vanished is noticed in seconds; a small request never waits for the acknowledgement of a large one.
    socket.setKeepAlive(true, 10_000)
    socket.setNoDelay(true)
    sockets.set(socket, `${host}:${port}`)
    socket.once('close', () => {
      sockets.delete(socket)
      // kafkajs calls this again with every reconnection, and each time Node would leave a listener behind.
      socket.unref = () => socket
    })
    return socket
  }

  const { tls: encryption, sasl, connectTimeoutMs, requestTimeoutMs } = connection
  const kafka = new Kafka({
    brokers: [...connection.brokers],
    clientId: `${connection.clientId}-${name}`,
    ...(encryption && { ssl: { ...encryption } }),
    ...(sasl && { sasl: toSasl(sasl, connectTimeoutMs) }),
    connectionTimeout: connectTimeoutMs,
    authenticationTimeout: connectTimeoutMs,
    reauthenticationThreshold: 10_000,
    requestTimeout: requestTimeoutMs,
    enforceRequestTimeout: true,
    // Enough to try each broker once. Waiting longer is the caller's decision.
    retry: { ...QUICK_RETRY, retries: connection.brokers.length },
    socketFactory,
    logLevel: log ? logLevel.WARN : logLevel.NOTHING,
    logCreator: () => (entry) => {
      const { message, timestamp, logger, ...fields } = entry.log
      log?.('debug', message, fields)
    },
  })

  return {
    kafka,
    cut(broker) {
      for (const [socket, peer] of sockets)
        if (peer === broker) destroySocket(socket, 'No answer came in time.')
    },
    destroy() {
      destroyed = true
      for (const socket of sockets.keys()) destroySocket(socket, 'This client is closed.')
    },
  }
}

/** With an error, because kafkajs does not listen to a plain close and would wait for answers. */
function destroySocket(socket: net.Socket, why: string): void {
  socket.destroy(new Error(why))
}

/** Every value explicit: under a test runner kafkajs has other defaults. */
export const QUICK_RETRY = Object.freeze({
  initialRetryTime: 100,
  maxRetryTime: 1000,
  factor: 0.2,
  multiplier: 2,
})

function toSasl(sasl: KafkaSasl, timeoutMs: number): SASLOptions {
  if (sasl.mechanism !== 'oauthbearer') return { ...sasl } as SASLOptions
  const readToken = createTokenReader(sasl.token, timeoutMs)
  return { mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value: await readToken() }) }
}
