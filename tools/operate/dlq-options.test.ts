import { describe, expect, it } from 'vitest'
import { UsageError } from '../command-line.ts'
import { parseDlqCommand } from './dlq-options.ts'

const NOW = Date.UTC(2026, 10, 24, 12)
const parse = (...args: string[]) => parseDlqCommand(args, NOW)

describe('npm run dlq', () => {
  it('lists everything when nothing is said', () => {
    expect(parse()).toEqual({ command: 'list', json: false })
    expect(parse('list', '--json')).toEqual({ command: 'list', json: true })
    expect(parse('redrive', '--help')).toEqual({ command: 'help' })
  })

  it('takes a type, and the one service that reads it', () => {
    expect(parse('list', 'order-placed', '--filter', 'reason=timeout', '--limit', '5')).toMatchObject({
      command: 'letters',
      queue: { type: 'order-placed', service: 'order-placed' },
      selection: { reasons: ['timeout'] },
      limit: 5,
    })
    expect(parse('show', 'order-placed', '17')).toMatchObject({ command: 'show', offset: 17, raw: false })
    expect(parse('show', 'order-placed', '17', '--raw')).toMatchObject({ raw: true })
  })

  it('redrives all, a selection or one', () => {
    expect(parse('redrive', 'order-placed', '--all')).toMatchObject({
      selection: {},
      ...{ again: false, dryRun: false, maxReplays: 3, max: undefined, rate: undefined },
    })
    expect(parse('redrive', 'order-placed', '--offset', '3')).toMatchObject({ selection: { offsets: [3] } })
    const some = ['--filter', 'since=2h', '--filter', 'key=c-1', '--max', '10', '--rate', '5', '--dry-run']
    expect(parse('redrive', 'order-placed', ...some)).toMatchObject({
      selection: { since: NOW - 7_200_000, keys: ['c-1'] },
      ...{ max: 10, rate: 5, dryRun: true },
    })
  })

  it.each<[string, string[]]>([
    ['There is no "redriv". Is it redrive?', ['redriv', 'order-placed']],
    ['There is no event type "order-place". Is it order-placed?', ['list', 'order-place']],
    ['No service reads "stock-reserved".', ['list', 'stock-reserved']],
    [
      'No service "billing" reads order-placed. There is order-placed.',
      ['list', 'order-placed', '--service', 'billing'],
    ],
    ['Say what to redrive', ['redrive', 'order-placed']],
    ['contradict', ['redrive', 'order-placed', '--all', '--offset', '1']],
    ['redrive needs a type', ['redrive', '--all']],
    ['show needs a type and an offset', ['show', 'order-placed']],
    ['The offset must be a whole number', ['show', 'order-placed', '1x']],
    ['--rate must be a whole number from 1, not "0"', ['redrive', 'order-placed', '--all', '--rate', '0']],
    ['"colour=red" is no filter', ['list', 'order-placed', '--filter', 'colour=red']],
    ['--dry-run has no meaning here', ['list', 'order-placed', '--dry-run']],
    ['--limit has no meaning here', ['list', '--limit', '3']],
    ['--raw has no meaning here', ['list', '--raw']],
    ['"17" is too much', ['redrive', 'order-placed', '17', '--all']],
    ["Unknown option '--bogus'", ['--bogus']],
  ])('refuses with: %s', (message, args) => {
    expect(() => parse(...args)).toThrow(UsageError)
    expect(() => parse(...args)).toThrow(message)
  })
})
