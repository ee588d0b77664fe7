import { catalogue } from '@sluice/events'
import { readRejectedAt, rejectedDocument, rejectedSurveyDocument, surveyRejected } from '@sluice/operations'
import { rejectedExitCode, rejectedGoingOn } from './going-on.ts'
import {
  layoutRejectedEvent,
  layoutRejectedEvents,
  layoutRejectedGroups,
  layoutRejectedRedrive,
} from './layout-rejected.ts'
import { createProgress } from './progress.ts'
import { redriveAtGateway } from './redrive-at-gateway.ts'
import type { RejectedCommand, RejectedRedriveCommand } from './rejected-options.ts'
import type { Operation } from './run-operation.ts'

/** Does what `npm run dlq -- rejected` asks for, and prints it. The exit code. */
export async function followRejected(
  command: Exclude<RejectedCommand, { command: 'help' }>,
  { client, signal }: Operation,
): Promise<number> {
  if (command.command === 'redrive') return redrive(command, signal)
  if (command.command === 'show') {
    const found = await readRejectedAt(command.offset, client, signal)
    if (!found) {
      console.error(
        `There is no rejected event at offset ${command.offset}. npm run dlq -- rejected list shows what there is.`,
      )
      return 1
    }
    const document = rejectedDocument(catalogue, found.event, found.record, { raw: command.raw })
    console.log(command.json ? JSON.stringify(document) : layoutRejectedEvent(found.event, document))
    return 0
  }
  const progress = createProgress()
  const onProgress = (done: number, total: number) => progress.show('reading', done, total)
  const isList = command.command === 'list'
  const options = isList ? { selection: command.selection, newest: command.limit } : {}
  const survey = await surveyRejected({ client, signal, onProgress, ...options })
  progress.end()
  if (command.json) console.log(JSON.stringify(rejectedSurveyDocument(survey)))
  else console.log(isList ? layoutRejectedEvents(survey) : layoutRejectedGroups(survey))
  return 0
}

async function redrive(command: RejectedRedriveCommand, signal: AbortSignal): Promise<number> {
  const progress = createProgress()
  const report = await redriveAtGateway(command, signal, progress.show)
  progress.end()
  const { json, dryRun } = command
  console.log(json ? JSON.stringify(report) : layoutRejectedRedrive(report, dryRun))
  if (report.ended === 'failed') console.error(report.failure)
  if (report.ended !== 'done') console.error(rejectedGoingOn(command, report))
  return rejectedExitCode(report, command)
}
