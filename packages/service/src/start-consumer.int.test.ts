import { createKafkaJsClient } from '@sluice/kafka'
import { inject } from 'vitest'
import { describeConsumer } from '../test-fixtures/describe-consumer.ts'

describeConsumer('Kafka', () =>
  createKafkaJsClient({
    brokers: inject('brokers').split(','),
    clientId: 'start-consumer',
    connectTimeoutMs: 5000,
    requestTimeoutMs: 10_000,
  }),
)
