import type { KafkaClient } from '@sluice/kafka'
import { createSender, type Sender } from '@sluice/operations'
import { createLogger, createMetrics } from '@sluice/telemetry'
import { requireGivenKafka } from '../start/given-kafka.ts'
import { kafkaFromEnvironment } from '../start/kafka-from-environment.ts'
import { createStopSignal } from '../start/stop-signal.ts'

export type Operation = {
  readonly client: KafkaClient
  readonly sender: Sender
  /** Aborted by Ctrl-C: what is in hand is finished. A second one, a second later, ends the process at once. */
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
  // It listens for the end of whoever started us; that alone must not keep us running.
  process.channel?.unref()
  void stop.requested.then(() => interrupted.abort())
  stop.onSecond(() => process.exit(130))
  // Whoever reads our output may have read enough. How the work ended stays said.
  process.stdout.on('error', () => process.exit())
  let sender: Sender | undefined
  try {
    await requireGivenKafka(env)
    const client = kafkaFromEnvironment(env, name)
    const log = createLogger({ service: name, level: 'warn', destination: process.stderr })
    sender = createSender({ client, metrics: createMetrics(name), log })
    process.exitCode = await work({ client, sender, signal: interrupted.signal })
  } catch (error) {
    const isStopped = interrupted.signal.aborted
    process.exitCode = isStopped ? 130 : 1
    console.error(isStopped ? 'Stopped.' : error instanceof Error ? error.message : String(error))
  } finally {
    await sender?.close()
  }
}
