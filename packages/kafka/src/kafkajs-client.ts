import type { KafkaConnection } from './connection.ts'
import { connectKafkaJsAdmin } from './kafkajs-admin.ts'
import { connectKafkaJs, type KafkaLog } from './kafkajs-connect.ts'
import { createKafkaJsConsumer } from './kafkajs-consumer.ts'
import { createKafkaJsProducer } from './kafkajs-producer.ts'
import type { KafkaClient } from './port.ts'

/**
 * The port on kafkajs 2.2.4, which nobody maintains any more. Its files are the only ones that import it. We
 * run it with a patch (patches/kafkajs@2.2.4.patch), each hunk of which changes as little as it can:
 *
 * - `requestQueue`: arms its timer only while a request waits. Otherwise every connection re-arms it for ever,
 *   on Node 24 and later every millisecond.
 * - `sendMessages`: an error survives kafkajs' attempt to reconnect after it, and says whether sending had
 *   begun (`produceBegun`). Otherwise a request whose answer got lost looks like one that was never sent.
 * - `produce/v3/response`: the error carries the broker's whole answer, so that the partitions that were stored
 *   are known to be.
 * - `runner`: a member that finds no broker looks for the cluster again. Otherwise it is given up at once, and its
 *   partitions rest until its session has run out.
 * - `consumer/index`: lets the group be seen, so that commits are made once and fetching is ours.
 * - `produce/v3/request`, `request`, `encoder`: takes an encoded record batch in place of a partition's messages,
 *   and copies it twice on its way to the socket instead of eight times.
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
    admin: () => connectKafkaJsAdmin(connectKafkaJs(connection, 'admin', log), { requestTimeoutMs }),
  }
}
