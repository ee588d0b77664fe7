import { createKafkaJsClient } from '@sluice/kafka'
import { inject } from 'vitest'
import { describeRedrive } from '../test-fixtures/describe-redrive.ts'

describeRedrive('Kafka', () =>
  createKafkaJsClient({
    brokers: inject('brokers').split(','),
    clientId: 'redrive',
    connectTimeoutMs: 5000,
    requestTimeoutMs: 10_000,
  }),
)
