import type { KafkaClient } from '@sluice/kafka'
import { requireGivenKafka } from '../start/given-kafka.ts'
import { kafkaFromEnvironment } from '../start/kafka-from-environment.ts'
import { createStopSignal } from '../start/stop-signal.ts'

export type Operation = {
  readonly client: KafkaClient
  /** Aborted by Ctrl-C. A second one, a second later, ends the process at once. */
  readonly signal: AbortSignal
}

/** Where the Kafka of `npm start` listens. */
const LOCAL_KAFKA = '127.0.0.1:9092'

/**
 * Runs an operator's command against the Kafka of the environment, and sets its exit code. Whatever goes wrong becomes
 * one line on stderr and a 1.
 */
export async function runOperation(
  name: string,
  work: (operation: Operation) => Promise<number>,
): Promise<void> {
  const env = { ...process.env, KAFKA_BROKERS: process.env['KAFKA_BROKERS'] || LOCAL_KAFKA }
  const interrupted = new AbortController()
  const stop = createStopSignal()
  void stop.requested.then(() => interrupted.abort())
  stop.onSecond(() => process.exit(130))
  // Whoever reads our output may have read enough.
  process.stdout.on('error', () => process.exit(0))
  try {
    await requireGivenKafka(env)
    process.exitCode = await work({
      client: kafkaFromEnvironment(env, name),
      signal: interrupted.signal,
    })
  } catch (error) {
    process.exitCode = interrupted.signal.aborted ? 130 : 1
    if (!interrupted.signal.aborted) console.error(error instanceof Error ? error.message : String(error))
  }
}
