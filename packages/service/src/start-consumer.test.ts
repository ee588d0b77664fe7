import { createMemoryBroker } from '@sluice/testing'
import { describeConsumer } from '../test-fixtures/describe-consumer.ts'

describeConsumer('the memory broker', () => createMemoryBroker().client())
