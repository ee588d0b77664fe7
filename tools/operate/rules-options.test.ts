import { catalogue } from '@sluice/events'
import { expect, test } from 'vitest'
import { parseRulesCommand } from './rules-options.ts'

const now = Date.parse('2026-11-24T12:00:00Z')
const env = { ADMIN_TOKEN: 'a-token-of-sixteen-or-more' }
const parse = (args: readonly string[], given: NodeJS.ProcessEnv = env) =>
  parseRulesCommand(args, { now, entries: catalogue, env: given, ownFile: '/own/rules.yaml' })

test.each([
  [['test'], { command: 'test', file: '/own/rules.yaml', json: false }],
  [['test', 'new.yaml', '--json'], { command: 'test', file: 'new.yaml', json: true }],
  [
    ['dry-run', 'new.yaml', '--since', '2h', '--type', 'page-viewed', '--against', 'old.yaml'],
    {
      command: 'dry-run',
      file: 'new.yaml',
      since: now - 7_200_000,
      types: ['page-viewed'],
      against: 'old.yaml',
    },
  ],
  [['dry-run'], { command: 'dry-run', since: now - 3_600_000, types: undefined, against: undefined }],
  [['show', '--gateway', 'http://gate:1/'], { command: 'show', gateway: 'http://gate:1' }],
  [
    ['publish', 'new.yaml', '--by', 'ada', '--why', 'to try'],
    { command: 'publish', file: 'new.yaml', by: 'ada', why: 'to try', gateway: 'http://127.0.0.1:9080' },
  ],
  [['withdraw', '--by', 'ada', '--why', 'done'], { command: 'withdraw', by: 'ada', why: 'done' }],
  [['test', '--help'], { command: 'help' }],
])('%j', (args, expected) => {
  expect(parse(args)).toMatchObject(expected)
})

test('the file of the environment stands for the own one', () => {
  expect(parse(['test'], { RULES_FILE: '/etc/rules.yaml' })).toMatchObject({ file: '/etc/rules.yaml' })
})

test.each([
  [[], 'Say what to do.'],
  [['tset'], 'There is no "tset".'],
  [['test', 'a', 'b'], '"b" is too much.'],
  [['show', 'a'], '"a" is too much.'],
  [['test', '--since', '1h'], '--since has no meaning here.'],
  [['dry-run', '--since', 'yesterday'], '--since takes a time'],
  [['dry-run', '--type', 'page-view'], 'Did you mean page-viewed?'],
  [['publish'], 'Say who does it and what for'],
  [['publish', '--by', 'ada'], 'Say who does it and what for'],
  [['show', '--gateway', 'gate'], '--gateway needs a URL'],
])('%j cannot be followed', (args, message) => {
  expect(() => parse(args)).toThrow(message)
})

test('operators show who they are', () => {
  expect(() => parse(['show'], {})).toThrow('set ADMIN_TOKEN')
})
