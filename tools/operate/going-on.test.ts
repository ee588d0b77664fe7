import { execFileSync } from 'node:child_process'
import type { RedriveReport } from '@sluice/operations'
import { describe, expect, it } from 'vitest'
import { type DlqCommand, parseDlqCommand } from './dlq-options.ts'
import { redriveExitCode, redriveGoingOn, replayGoingOn } from './going-on.ts'
import { parseReplayCommand, type ReplayCommand } from './replay-options.ts'

const NOW = Date.UTC(2026, 10, 24, 12)
const LATER = NOW + 3_600_000

const redrive = (args: readonly string[], now = NOW) =>
  parseDlqCommand(['redrive', 'order-placed', ...args], now) as Extract<DlqCommand, { command: 'redrive' }>

/** What a shell makes of a command line, without `npm run <name> --`. */
function argsOf(text: string): string[] {
  const [, line] = /npm run [a-z]+ -- (.*)$/s.exec(text)!
  return execFileSync('sh', ['-c', `printf '%s\\0' ${line}`], { encoding: 'utf8' })
    .split('\0')
    .slice(0, -1)
}

describe('a redrive is gone on with', () => {
  it.each([
    [['--all']],
    [['--all', '--rate', '5', '--max-replays', '7']],
    [['--filter', 'since=2h', '--filter', 'until=1h', '--filter', 'reason=timeout', '--offset', '3']],
    [['--filter', "key=it's $HOME; and `more`"]],
  ])('by a command that means the same later: %j', (args) => {
    const [name, type, ...rest] = argsOf(redriveGoingOn(redrive(args), { sent: 4 }))
    expect([name, type]).toEqual(['redrive', 'order-placed'])
    expect(redrive(rest, LATER)).toEqual(redrive(args))
  })

  it('by one that sends the rest of a maximum', () => {
    const command = redrive(['--all', '--max', '10'])
    expect(redriveGoingOn(command, { sent: 4 })).toMatch(/--max 6$/)
    expect(redriveGoingOn(command, { sent: 10 })).toContain('nothing to go on with')
  })

  it('by none when it sends again what was sent', () => {
    const said = redriveGoingOn(redrive(['--all', '--again']), { sent: 4 })
    expect(said).toContain('there is no going on')
    expect(said).not.toContain('npm run')
  })
})

describe('the exit code of a redrive', () => {
  const done: RedriveReport = {
    ...{ ended: 'done', type: 't', service: 's', topic: 'd', selected: 3, redrivenBefore: 0 },
    ...{ guarded: 0, strangers: 0, planned: 3, sent: 3, reasons: [], routes: [] },
  }

  it.each<[string, object, boolean, number]>([
    ['all was sent', {}, false, 0],
    ['some was not', { sent: 2 }, false, 1],
    ['nothing was to be', { sent: 0 }, true, 0],
    ['the guard left some', { guarded: 1 }, false, 1],
    ['some are strangers', { strangers: 1 }, true, 1],
    ['it was stopped', { ended: 'stopped' }, false, 1],
  ])('when %s', (_, changes, dryRun, code) => {
    expect(redriveExitCode({ ...done, ...changes }, { dryRun })).toBe(code)
  })
})

it('a replay is gone on with by a command that means the same later', () => {
  const parse = (args: readonly string[], now = NOW) =>
    parseReplayCommand(args, { now, newRun: () => 'new' }) as ReplayCommand
  const command = parse(['order-placed', '--from', '2h', '--rate', '50'])
  expect(parse(argsOf(replayGoingOn(command)), LATER)).toEqual(command)
})
