import { expect, it } from 'vitest'
import { UsageError } from '../command-line.ts'
import { parseReplayCommand } from './replay-options.ts'

const NOW = Date.UTC(2026, 10, 24, 12)
const parse = (...args: string[]) => parseReplayCommand(args, { now: NOW, newRun: () => 'new' })

it('replays from a time until now, under a name of its own', () => {
  expect(parse('order-placed', '--from', '2h')).toMatchObject({
    ...{ service: 'order-placed', from: NOW - 7_200_000, to: NOW, run: 'new' },
    ...{ rate: undefined, dryRun: false, json: false },
  })
})

it('goes on with a run that is named, and never beyond now', () => {
  const args = [
    '--from',
    '2026-11-24',
    '--to',
    '2026-12-01',
    '--run',
    'a.b-c_1',
    '--rate',
    '100',
    '--dry-run',
  ]
  expect(parse('order-placed', ...args)).toMatchObject({
    ...{ from: Date.UTC(2026, 10, 24), to: NOW, run: 'a.b-c_1', rate: 100, dryRun: true },
  })
})

it.each<[string, string[]]>([
  ['needs one type', []],
  ['needs one type', ['order-placed', 'page-viewed', '--from', '1h']],
  ['needs --from', ['order-placed']],
  ['--from takes a time', ['order-placed', '--from', 'yesterday']],
  ['--from must be before --to', ['order-placed', '--from', '1h', '--to', '2h']],
  ['--from must be before --to, and before now', ['order-placed', '--from', '2027-01-01']],
  ['--run takes up to 64', ['order-placed', '--from', '1h', '--run', '../x']],
  ['There is no event type "order". There are order-placed', ['order', '--from', '1h']],
])('refuses: %s', (message, args) => {
  expect(() => parse(...args)).toThrow(UsageError)
  expect(() => parse(...args)).toThrow(message)
})
