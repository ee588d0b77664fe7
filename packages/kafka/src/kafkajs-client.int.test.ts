import { describeClientContract } from '@sluice/testing/contract'
import { inject } from 'vitest'
import { createKafkaJsClient } from './kafkajs-client.ts'

describeClientContract('the kafkajs client', () => ({
  client: createKafkaJsClient({
    brokers: inject('brokers').split(','),
    clientId: 'contract',
    connectTimeoutMs: 5000,
    requestTimeoutMs: 15_000,
  }),
}))
