import { randomUUID } from 'node:crypto'
import { replay } from '@sluice/operations'
import { UsageError } from './command-line.ts'
import { replayGoingOn } from './operate/going-on.ts'
import { layoutReplay } from './operate/layout-dead-letters.ts'
import { createProgress } from './operate/progress.ts'
import { parseReplayCommand, REPLAY_HELP, type ReplayCommand } from './operate/replay-options.ts'
import { type Operation, runOperation } from './operate/run-operation.ts'

try {
  const command = parseReplayCommand(process.argv.slice(2), {
    now: Date.now(),
    newRun: () => randomUUID().slice(0, 8),
  })
  if (command === 'help') console.log(REPLAY_HELP)
  else await runOperation('replay', (operation) => follow(command, operation))
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  console.error(error.message)
  process.exitCode = 2
}

async function follow(command: ReplayCommand, { client, sender, signal }: Operation): Promise<number> {
  const { entry, service, from, to, run, rate, dryRun, json } = command
  // Said before anything is sent: whoever is killed in between must be able to go on.
  const again = replayGoingOn(command)
  if (!dryRun) console.error(`Run ${run}. To go on after an interruption: ${again}`)
  const progress = createProgress()
  const report = await replay(entry, {
    ...{ client, sender, service, from, to, run, rate, dryRun, signal },
    onProgress: ({ done, total }) => progress.show('replaying', done, total),
  })
  progress.end()
  console.log(json ? JSON.stringify(report) : layoutReplay(report, dryRun))
  if (report.ended === 'failed') console.error(report.failure)
  if (report.ended !== 'done') console.error(`To go on: ${again}`)
  return report.ended === 'done' ? 0 : 1
}
