import { buildEvent } from '@sluice/testing'
import { given } from '@sluice/testing/given'
import { describe, it } from 'vitest'
import { sampleTaken } from '../definition.ts'
import { handle } from './handler.ts'

describe('sample-archive', () => {
  it('takes the example of sample-taken, and nothing follows from it', async () => {
    await given(buildEvent(sampleTaken)).when(handle).thenNothing()
  })
})
