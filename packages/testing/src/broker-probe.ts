import { connect } from 'node:net'

const API_VERSIONS = 18
const CORRELATION_ID = 0x51_75_1c_e0

/**
 * Whether a Kafka broker answers at `host:port`. Sends the one request that every broker answers to everybody,
 * ApiVersions in version 0, and looks for its correlation id (Kafka protocol guide, "ApiVersions"). Only for
 * listeners without TLS. Never rejects.
 */
export function answersKafka(address: string, timeoutMs = 2000): Promise<boolean> {
  const colon = address.lastIndexOf(':')
  return new Promise((resolve) => {
    const socket = connect({ host: address.slice(0, colon), port: Number(address.slice(colon + 1)) })
    let received = Buffer.alloc(0)
    const settle = (answered: boolean) => {
      socket.destroy()
      resolve(answered)
    }
    socket.setTimeout(timeoutMs, () => settle(false))
    socket.once('connect', () => socket.write(apiVersionsRequest()))
    socket.once('error', () => settle(false)).once('close', () => settle(false))
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      if (received.length >= 8) settle(received.readInt32BE(4) === CORRELATION_ID)
    })
  })
}

function apiVersionsRequest(): Buffer {
  const request = Buffer.alloc(14)
  request.writeInt32BE(10, 0)
  request.writeInt16BE(API_VERSIONS, 4)
  request.writeInt16BE(0, 6)
  request.writeInt32BE(CORRELATION_ID, 8)
  request.writeInt16BE(-1, 12)
  return request
}
