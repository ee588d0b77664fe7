import { expect, it } from 'vitest'
import { parseDecisionsCommand } from './decisions-options.ts'

const NOW = Date.UTC(2026, 10, 28, 10)
const env = { ADMIN_TOKEN: 'secret-secret-secret' }
const place = { gateway: 'http://127.0.0.1:9080', token: env.ADMIN_TOKEN, json: false }
const add = [
  'add',
  '--action',
  'raise',
  '--key',
  'c-7',
  '--for',
  '15m',
  '--by',
  'ada',
  '--why',
  'they called',
]

const parse = (...args: readonly string[]) => parseDecisionsCommand(args, NOW, env)

it('reads what to decide', () => {
  expect(parse(...add, '--tenant', 'default', '--json')).toEqual({
    ...place,
    json: true,
    command: 'add',
    decision: {
      ...{ action: 'raise', scope: { tenant: 'default', key: 'c-7' }, for: '15m' },
      ...{ who: 'ada', why: 'they called' },
    },
  })
  const given = [
    '--from',
    '2026-11-28T12:00+01:00',
    '--until',
    '2026-11-29',
    '--id',
    'i',
    '--priority',
    'high',
  ]
  const times = add.flatMap((arg) => (arg === '--for' || arg === '15m' ? [] : [arg]))
  expect(parse(...times, ...given, '--evidence', '{"n":1}')).toMatchObject({
    decision: {
      ...{ id: 'i', priority: 'high', evidence: { n: 1 } },
      ...{ from: '2026-11-28T11:00:00.000Z', until: '2026-11-29T00:00:00.000Z' },
    },
  })
})

it('reads what to list, and what to lift, and where', () => {
  expect(parse('list')).toEqual({ ...place, command: 'list', query: {} })
  expect(parse('list', '--key', 'c-7', '--by', 'flood-guard', '--limit', '5')).toMatchObject({
    query: { key: 'c-7', by: 'flood-guard', limit: '5' },
  })
  const lift = ['lift', 'a/b c', '--by', 'ada', '--why', 'well', '--gateway', 'http://gateway:1/']
  expect(parse(...lift)).toEqual({
    ...{ ...place, gateway: 'http://gateway:1' },
    ...{ command: 'lift', id: 'a/b c', who: 'ada', why: 'well' },
  })
  expect(parseDecisionsCommand(['list'], NOW, { ...env, ADMIN_PORT: '7' })).toMatchObject({
    gateway: 'http://127.0.0.1:7',
  })
  expect(parse('--help')).toEqual({ command: 'help' })
})

it.each<[string, readonly string[], string]>([
  ['nothing', [], 'Say what to do.'],
  ['a command that is none', ['lst'], 'Is it list?'],
  ['a word too much', ['list', 'x'], '"x" is too much'],
  ['an option of another command', ['list', '--why', 'x'], '--why has no meaning here'],
  ['an option that is none', ['list', '--colour', 'red'], '--colour'],
  ['no id to lift', ['lift', '--by', 'a', '--why', 'b'], 'lift needs the id'],
  ['nobody', add.map((arg) => (arg === 'ada' ? ' ' : arg)), '--by is missing'],
  ['no reason', add.slice(0, -2), '--why is missing'],
  ['no scope', ['add', '--by', 'a', '--why', 'b', '--action', 'raise', '--for', '1m'], 'Say whose events'],
  ['two ends', [...add, '--until', '2026-11-29'], 'either --for or --until'],
  ['a length that is none', [...add, '--for', 'soon'], '--for takes a length of time'],
  [
    'a length as a time',
    [...add.slice(0, 5), ...add.slice(7), '--until', '2h'],
    '--for takes a length of time',
  ],
  ['a type that is none', [...add, '--type', 'order-place'], 'Is it order-placed?'],
  ['a lane that is none', [...add, '--priority', 'urgent'], '--priority is one of'],
  ['an action that is none', [...add, '--action', 'drop'], '--action is one of'],
  ['evidence that is no JSON', [...add, '--evidence', '{'], '--evidence must be JSON'],
  ['a gateway that is none', ['list', '--gateway', 'here'], '--gateway needs a URL'],
])('does not follow a command line with %s', (_what, args, complaint) => {
  expect(() => parse(...args)).toThrow(complaint)
})

it('needs the token of operators', () => {
  expect(() => parseDecisionsCommand(['list'], NOW, {})).toThrow('set ADMIN_TOKEN')
})
