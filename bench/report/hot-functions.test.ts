import { expect, test } from 'vitest'
import { findHotFunctions } from './hot-functions.ts'

test('sums the own time of a function over its call sites, and leaves idle time out', () => {
  const frame = (functionName: string, url = '') => ({ functionName, url, lineNumber: 9 })
  const profile = {
    nodes: [
      { id: 1, callFrame: frame('(idle)') },
      { id: 2, callFrame: frame('parse', 'file:///x/a/src/parse.ts') },
      { id: 3, callFrame: frame('parse', 'file:///x/a/src/parse.ts') },
      { id: 4, callFrame: frame('write') },
    ],
    samples: [1, 2, 3, 4],
    timeDeltas: [1000, 20, 40, 40],
  }
  expect(findHotFunctions(profile, { count: 2, skip: 0 })).toEqual([
    { name: 'parse a/src/parse.ts:10', percent: 60 },
    { name: 'write', percent: 40 },
  ])
})

test('leaves the seconds of a start out', () => {
  const frame = (functionName: string) => ({ functionName, url: '', lineNumber: 0 })
  const profile = {
    nodes: [
      { id: 1, callFrame: frame('load') },
      { id: 2, callFrame: frame('work') },
    ],
    samples: [1, 1, 2],
    timeDeltas: [1_500_000, 500_000, 7],
  }
  expect(findHotFunctions(profile, { count: 2, skip: 2 })).toEqual([{ name: 'work', percent: 100 }])
})
