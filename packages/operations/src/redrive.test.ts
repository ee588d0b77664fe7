import { createMemoryBroker } from '@sluice/testing'
import { describeRedrive } from '../test-fixtures/describe-redrive.ts'

describeRedrive('the memory broker', () => createMemoryBroker().client())
