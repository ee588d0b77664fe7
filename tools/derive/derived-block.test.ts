import { expect, test } from 'vitest'
import { replaceBlock } from './derived-block.ts'

const MARKS = { begin: '# list', end: '# end' }
const text = 'a:\n  # list\n  - old\n  - older\n  # end\nb: 1\n'

test('only what stands between the marks is written anew, with their margin', () => {
  expect(replaceBlock(text, MARKS, ['- x:', '', '    y: 1'])).toBe(
    'a:\n  # list\n  - x:\n\n      y: 1\n  # end\nb: 1\n',
  )
})

test('a second time changes nothing', () => {
  const once = replaceBlock(text, MARKS, ['- x'])
  expect(replaceBlock(once, MARKS, ['- x'])).toBe(once)
  expect(replaceBlock(replaceBlock(once, MARKS, []), MARKS, ['- x'])).toBe(once)
})

test('a mark that is missing, doubled or in the wrong place is named', () => {
  expect(() => replaceBlock('# list\n', MARKS, [])).toThrow('"# end" must stand there once, not 0 times')
  expect(() => replaceBlock(`${text}# list\n`, MARKS, [])).toThrow(
    '"# list" must stand there once, not 2 times',
  )
  expect(() => replaceBlock('# end\n# list\n', MARKS, [])).toThrow('stands before')
})
