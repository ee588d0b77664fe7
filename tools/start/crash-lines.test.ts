import { expect, it } from 'vitest'
import { shortenLines } from './crash-lines.ts'

it('reads the level, the message and the error of JSON log lines', () => {
  const lines = [
    '{"level":30,"msg":"starting"}',
    '{"level":"error","time":1,"msg":"The handler failed","err":{"message":"no such table","stack":"at x"}}',
    '{"level":60,"msg":"boom","err":{"message":"boom"}}',
    '{"level":30,"pid":1}',
  ]
  expect(shortenLines(lines, 'last')).toEqual([
    'error: The handler failed: no such table',
    'fatal: boom',
    '{"level":30,"pid":1}',
  ])
})

it('leaves out of an uncaught error what says nothing', () => {
  const lines = [
    'file:///x/main.ts:3',
    "throw new Error('boom')",
    '^',
    '',
    'Error: boom',
    '    at x',
    'Node.js v26.0.0',
  ]
  expect(shortenLines(lines, 'last')).toEqual([
    'file:///x/main.ts:3',
    "throw new Error('boom')",
    'Error: boom',
  ])
})

it('keeps the beginning of an explanation, and cuts long lines', () => {
  const shortened = shortenLines(['why', 'x'.repeat(500), 'what to do', 'more'], 'first')
  expect(shortened.map((line) => line.length)).toEqual([3, 140, 10])
})
