import { KafkaError } from '@sluice/kafka'

/** The error of whoever works on a type in a Kafka that nobody set up for it. */
export function noTopicsOf(type: string): KafkaError {
  return new KafkaError(
    'kafka-refused',
    `There are no topics of ${type} in this Kafka: npm run topics creates them.`,
  )
}
