import type { KafkaConnection } from './connection.ts'
import { connectKafkaJsAdmin } from './kafkajs-admin.ts'
import { connectKafkaJs, type KafkaLog } from './kafkajs-connect.ts'
import { createKafkaJsConsumer } from './kafkajs-consumer.ts'
import { createKafkaJsProducer } from './kafkajs-producer.ts'
import { createKafkaJsReader } from './kafkajs-reader.ts'
import type { KafkaClient } from './port.ts'

/**
 * The port on kafkajs 2.2.4, which nobody maintains any more. Its files are the only ones that import it. We
 * run it with a patch (patches/kafkajs@2.2.4.patch), each hunk of which changes as little as it can:
 *
 * - `requestQueue`: arms its timer only while a request waits. Otherwise every connection re-arms it for ever,
 *   on Node 24 and later every millisecond.
 * - `connection`: a request that slips in while its connection is being closed is rejected. Otherwise nobody is
 *   left to time it out, and whoever sent it, a member that joins its group for one, waits for ever.
 * - `runner`: a member that finds no broker looks for the cluster again. Otherwise it is given up at once, and its
 *   partitions rest until its session has run out. And a member that has to join again joins until it has.
 *   Otherwise one whose coordinator moved, and whose one attempt to join failed, stays in a generation of which it
 *   said that it is over, and never has partitions again.
 * - `connectionPool`: three connections to a broker instead of two, each opened when it is used: kafkajs has one for
 *   fetching, and the urgent lane is fetched over one of its own.
 * - `consumer/index`, `producer/index`: let group and cluster be seen, so that commits are made once, and fetching
 *   and producing are ours, over kafkajs' connections.
 * - `request`, `encoder`: a request is copied once on its way to the socket, not twice into zeroed buffers.
 *
 * Compression: reads gzip, zstd and uncompressed batches; any other codec ends the consumer (`crashed`). Writes
 * uncompressed.
 */
export function createKafkaJsClient(
  connection: KafkaConnection,
  options: { readonly log?: KafkaLog } = {},
): KafkaClient {
  const { log } = options
  const { requestTimeoutMs } = connection
  return {
    producer: ({ name }) =>
      createKafkaJsProducer(() => connectKafkaJs(connection, name, log), { requestTimeoutMs }),
    consumer: (consumerOptions) =>
      createKafkaJsConsumer(
        () => connectKafkaJs(connection, consumerOptions.group, log),
        consumerOptions,
        log,
      ),
    reader: ({ name }) => createKafkaJsReader(() => connectKafkaJs(connection, name, log), log),
    admin: () => connectKafkaJsAdmin(connectKafkaJs(connection, 'admin', log), { requestTimeoutMs }),
  }
}
