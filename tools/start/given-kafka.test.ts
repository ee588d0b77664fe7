import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { requireGivenKafka } from './given-kafka.ts'

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

/** Something that listens; answers with `host:port`. */
async function listen(onConnection: (socket: Socket) => void): Promise<string> {
  const server = createServer(onConnection).listen(0, '127.0.0.1')
  closers.push(() => server.close())
  await once(server, 'listening')
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

const web = (socket: Socket) => {
  socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n')
}

/** Answers any request with its own correlation id. */
const kafka = (socket: Socket) => {
  socket
    .on('error', () => {})
    .on('data', (request: Buffer) => {
      const answer = Buffer.alloc(8)
      answer.writeInt32BE(4, 0)
      request.copy(answer, 4, 8, 12)
      socket.write(answer)
    })
}

it('is content with one broker that answers', async () => {
  await requireGivenKafka({ KAFKA_BROKERS: `127.0.0.1:1, ${await listen(kafka)}` })
  await requireGivenKafka({})
})

it('names what was tried when nothing is there', async () => {
  await expect(requireGivenKafka({ KAFKA_BROKERS: '127.0.0.1:1' })).rejects.toMatchObject({
    code: 'no-kafka',
    message: expect.stringMatching(/nothing answers at 127\.0\.0\.1:1.*Start that Kafka/),
  })
})

it('says when what is there is no Kafka', async () => {
  const address = await listen(web)
  await expect(requireGivenKafka({ KAFKA_BROKERS: address })).rejects.toThrow(`at ${address}, but does not`)
  // What speaks TLS cannot be asked; that is left to the client.
  await requireGivenKafka({ KAFKA_BROKERS: address, KAFKA_TLS: 'true' })
})
