import { describe, expect, it } from 'vitest'
import { UsageError } from '../command-line.ts'
import { rejectedExitCode, rejectedGoingOn } from './going-on.ts'
import { parseRejectedCommand, type RejectedRedriveCommand } from './rejected-options.ts'

const NOW = Date.UTC(2026, 10, 24, 12)
const ENV = { ADMIN_TOKEN: 'a-token-of-sixteen-or-more' }
const parse = (...args: string[]) => parseRejectedCommand(args, NOW, ENV)

describe('npm run dlq -- rejected', () => {
  it('counts when nothing is said, lists and shows', () => {
    expect(parse()).toEqual({ command: 'groups', json: false })
    expect(parse('--json')).toEqual({ command: 'groups', json: true })
    expect(parse('redrive', '--help')).toEqual({ command: 'help' })
    expect(parse('list', '--filter', 'code=schema', '--filter', 'since=2h', '--limit', '5')).toEqual({
      ...{ command: 'list', json: false, limit: 5 },
      selection: { codes: ['schema'], since: NOW - 7_200_000 },
    })
    expect(parse('show', '17', '--raw')).toEqual({ command: 'show', json: false, offset: 17, raw: true })
  })

  it('has all, a selection or one judged once more, by a gateway', () => {
    expect(parse('redrive', '--all')).toEqual({
      ...{ command: 'redrive', json: false, gateway: 'http://127.0.0.1:9080', token: ENV.ADMIN_TOKEN },
      ...{ selection: {}, notAllowed: false, dryRun: false, max: undefined, rate: undefined },
    })
    const some = ['--filter', 'type=order-placed', '--max', '10', '--rate', '5', '--dry-run', '--not-allowed']
    expect(parse('redrive', ...some, '--gateway', 'https://gate:1/x')).toMatchObject({
      ...{ gateway: 'https://gate:1', selection: { types: ['order-placed'] } },
      ...{ max: 10, rate: 5, dryRun: true, notAllowed: true },
    })
    expect(
      parseRejectedCommand(['redrive', '--offset', '3'], NOW, { ...ENV, ADMIN_PORT: '1' }),
    ).toMatchObject({
      ...{ gateway: 'http://127.0.0.1:1', selection: { offsets: [3] } },
    })
  })

  it.each<[string, string[]]>([
    ['There is no "redriv". Is it redrive?', ['redriv']],
    ['show needs an offset.', ['show']],
    ['The offset must be a whole number', ['show', 'x']],
    ['"order-placed" is too much.', ['list', 'order-placed']],
    ['"reason=x" is no filter.', ['list', '--filter', 'reason=x']],
    ['--all and a selection contradict each other.', ['redrive', '--all', '--offset', '1']],
    ['Say what to redrive', ['redrive']],
    ['--raw has no meaning here.', ['redrive', '--all', '--raw']],
    ['--max has no meaning here.', ['list', '--max', '1']],
    ['--gateway needs a URL', ['redrive', '--all', '--gateway', 'here']],
    ["Unknown option '--again'", ['redrive', '--all', '--again']],
  ])('is not followed: %s', (message, args) => {
    expect(() => parse(...args)).toThrow(UsageError)
    expect(() => parse(...args)).toThrow(message)
  })

  it('without a token says whose it is', () => {
    expect(() => parseRejectedCommand(['redrive', '--all'], NOW, {})).toThrow('set ADMIN_TOKEN')
    expect(parseRejectedCommand(['list'], NOW, {})).toMatchObject({ command: 'list' })
  })
})

describe('a redrive of rejected events that did not come to its end', () => {
  const command = (...args: string[]) => parse('redrive', ...args) as RejectedRedriveCommand

  it('can be gone on with', () => {
    const some = command('--filter', 'since=2h', '--filter', 'id=a b', '--max', '5', '--rate', '2')
    expect(rejectedGoingOn(some, { sent: 2 })).toBe(
      "To go on: npm run dlq -- rejected redrive --filter 'id=a b' --filter since=2026-11-24T10:00:00.000Z --max 3 --rate 2",
    )
    const all = command('--all', '--not-allowed')
    expect(rejectedGoingOn(all, { sent: 2 })).toBe(
      'To go on: npm run dlq -- rejected redrive --all --not-allowed',
    )
    expect(rejectedGoingOn(command('--all', '--max', '2'), { sent: 2 })).toContain('nothing to go on with')
  })

  it('ends with 1, as one does that left something rejected', () => {
    const done = { ended: 'done', stillRejected: 0, planned: 2, sent: 2 } as never
    expect(rejectedExitCode(done, { dryRun: false })).toBe(0)
    for (const change of [{ ended: 'stopped' }, { stillRejected: 1 }, { sent: 1 }]) {
      expect(rejectedExitCode({ ...(done as object), ...change } as never, { dryRun: false })).toBe(1)
    }
    expect(rejectedExitCode({ ...(done as object), sent: 0 } as never, { dryRun: true })).toBe(0)
  })
})
