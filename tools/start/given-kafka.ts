import { answersKafka } from '@sluice/testing/broker-probe'
import { checkGivenBrokers } from '../run/prerequisites.mjs'

/** KAFKA_BROKERS leads to no Kafka. Caught by the command, which prints the message and ends with 1. */
export class NoKafkaError extends Error {
  override readonly name = 'NoKafkaError'
  readonly code = 'no-kafka'
}

/**
 * Makes sure, within five seconds, that at least one of KAFKA_BROKERS answers as a Kafka; with TLS, that one
 * takes connections. Does nothing when the variable is not set. Does not say whether we may do anything there.
 * @throws NoKafkaError saying what was tried and what to do.
 */
export async function requireGivenKafka(env: NodeJS.ProcessEnv): Promise<void> {
  const given = env['KAFKA_BROKERS']
  if (!given) return
  const found = await checkGivenBrokers(given)
  if (found.level === 'fix') throw new NoKafkaError(`KAFKA_BROKERS: ${found.detail}. ${found.remedy}`)
  if (env['KAFKA_TLS'] === 'true') return
  const brokers = given.split(',').map((broker) => broker.trim())
  const answers = await Promise.all(brokers.map((broker) => answersKafka(broker.replace(/[[\]]/g, ''))))
  if (answers.includes(true)) return
  throw new NoKafkaError(
    `KAFKA_BROKERS: something takes connections at ${given}, but does not answer Kafka's ApiVersions request. ` +
      'Is it another service, a Kafka that is still starting, or one that wants TLS (KAFKA_TLS=true)? ' +
      'Correct KAFKA_BROKERS, or unset it to run a local Kafka.',
  )
}
