import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findJava } from '@sluice/testing'
import { Kafka, logLevel } from 'kafkajs'
import type { BenchBroker } from './broker.ts'
import { clearKafka } from './clear-kafka.ts'
import { PARTITIONS } from './system.ts'

/** Near the mean of what Sluice stores for an event of the mix. */
export const RECORD_BYTES = 500

const RECORDS_A_SECOND = 150_000
const TOPIC = 'limit'

/** What Kafka's own performance tool says of its producer, with acks=all. */
export type ProducerLimit = {
  readonly recordsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** Empties Kafka, then runs the tool for about `seconds`; its warm-up is left out of the figures. */
export async function measureProducerLimit(
  broker: BenchBroker,
  seconds: number,
  signal: AbortSignal,
): Promise<ProducerLimit> {
  await clearKafka(broker.brokers, signal)
  const admin = new Kafka({ brokers: [broker.brokers], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic: TOPIC, numPartitions: PARTITIONS, replicationFactor: 1 }] })
  await admin.disconnect()
  const records = Math.round(RECORDS_A_SECOND * seconds)
  const { stdout } = await promisify(execFile)(
    await findJava(),
    [
      '-Xmx256m',
      ...['-cp', join(broker.libs, '*'), 'org.apache.kafka.tools.ProducerPerformance'],
      ...['--topic', TOPIC, '--num-records', String(records)],
      ...['--warmup-records', String(Math.round(records / 3))],
      ...['--record-size', String(RECORD_BYTES), '--throughput', '-1'],
      ...['--bootstrap-server', broker.brokers, '--command-property', 'acks=all'],
    ],
    { signal },
  )
  return parseProducerLimit(stdout)
}

/** The last line is the summary without the warm-up. */
export function parseProducerLimit(output: string): ProducerLimit {
  const line = output
    .trim()
    .split('\n')
    .findLast((one) => one.includes('99th'))
  const found = /([\d.]+) records\/sec.*?(\d+) ms 50th.*?(\d+) ms 99th/.exec(line ?? '')
  if (!found) throw new Error(`The producer's performance tool said something new:\n${output}`)
  return { recordsPerSecond: Number(found[1]), p50Ms: Number(found[2]), p99Ms: Number(found[3]) }
}
