import { buildEvent } from '@sluice/testing'
import { given } from '@sluice/testing/given'
import { describe, it } from 'vitest'
import { sampleTaken } from './definition.ts'
import { handle } from './handler.ts'
import { sampleAnalysed } from './output.ts'

describe('sample-archive', () => {
  it('answers the example of sample-taken', async () => {
    await given(buildEvent(sampleTaken))
      .when(handle)
      .thenOutputs([{ definition: sampleAnalysed, data: { sampleId: 'sample-1', verdict: 'pure' } }])
  })
})
