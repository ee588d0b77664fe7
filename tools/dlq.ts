import { catalogue, REJECTED_TOPIC } from '@sluice/events'
import {
  deadLetterDocument,
  listDeadLetterQueues,
  readLetterAt,
  redrive,
  rejectedSurveyDocument,
  surveyDeadLetters,
  surveyDocument,
  surveyRejected,
} from '@sluice/operations'
import { UsageError } from './command-line.ts'
import { DLQ_HELP, type DlqCommand, parseDlqCommand } from './operate/dlq-options.ts'
import { followRejected } from './operate/follow-rejected.ts'
import { redriveExitCode, redriveGoingOn } from './operate/going-on.ts'
import { layoutLetter, layoutLetters, layoutRedrive, layoutSurveys } from './operate/layout-dead-letters.ts'
import { layoutRejectedGroups } from './operate/layout-rejected.ts'
import { createProgress } from './operate/progress.ts'
import { parseRejectedCommand, REJECTED_HELP } from './operate/rejected-options.ts'
import { type Operation, runOperation } from './operate/run-operation.ts'

try {
  const [first, ...others] = process.argv.slice(2)
  if (first === 'rejected') {
    const command = parseRejectedCommand(others, Date.now(), process.env)
    if (command.command === 'help') console.log(REJECTED_HELP)
    else await runOperation('dlq', (operation) => followRejected(command, operation))
  } else {
    const command = parseDlqCommand(process.argv.slice(2), Date.now())
    if (command.command === 'help') console.log(DLQ_HELP)
    else await runOperation('dlq', (operation) => follow(command, operation))
  }
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  console.error(error.message)
  process.exitCode = 2
}

function follow(command: Exclude<DlqCommand, { command: 'help' }>, operation: Operation): Promise<number> {
  switch (command.command) {
    case 'list':
      return list(command, operation)
    case 'letters':
      return listLetters(command, operation)
    case 'show':
      return show(command, operation)
    case 'redrive':
      return sendBack(command, operation)
  }
}

type Of<Name> = Extract<DlqCommand, { command: Name }>

async function list({ json }: Of<'list'>, { client, signal }: Operation): Promise<number> {
  const progress = createProgress()
  const surveys = []
  for (const queue of listDeadLetterQueues(catalogue)) {
    const onProgress = (done: number, total: number) => progress.show(`reading ${queue.topic}`, done, total)
    surveys.push(await surveyDeadLetters(queue, { client, signal, onProgress }))
  }
  const rejected = await surveyRejected({
    ...{ client, signal },
    onProgress: (done, total) => progress.show(`reading ${REJECTED_TOPIC}`, done, total),
  })
  progress.end()
  console.log(
    json
      ? JSON.stringify({ queues: surveys.map(surveyDocument), rejected: rejectedSurveyDocument(rejected) })
      : `${layoutSurveys(surveys)}\n\n${layoutRejectedGroups(rejected)}`,
  )
  return 0
}

async function listLetters(
  { queue, selection, limit, json }: Of<'letters'>,
  { client, signal }: Operation,
): Promise<number> {
  const progress = createProgress()
  const onProgress = (done: number, total: number) => progress.show('reading', done, total)
  const survey = await surveyDeadLetters(queue, { client, selection, newest: limit, signal, onProgress })
  progress.end()
  console.log(json ? JSON.stringify(surveyDocument(survey)) : layoutLetters(survey))
  return 0
}

async function show(
  { queue, offset, raw, json }: Of<'show'>,
  { client, signal }: Operation,
): Promise<number> {
  const found = await readLetterAt(queue, offset, client, signal)
  if (!found) {
    console.error(
      `There is no dead letter at offset ${offset} of ${queue.topic}. npm run dlq -- list ${queue.type} shows what there is.`,
    )
    return 1
  }
  const document = deadLetterDocument(queue, found.letter, found.record, { raw })
  console.log(json ? JSON.stringify(document) : layoutLetter(found.letter, document))
  return 0
}

async function sendBack(command: Of<'redrive'>, { client, sender, signal }: Operation): Promise<number> {
  const { queue, json, dryRun, selection, again, maxReplays, max, rate } = command
  const progress = createProgress()
  const report = await redrive(queue, {
    ...{ client, sender, selection, again, maxReplays, max, rate, dryRun, signal },
    onProgress: ({ phase, done, total }) => progress.show(phase, done, total),
  })
  progress.end()
  console.log(json ? JSON.stringify(report) : layoutRedrive(report, dryRun))
  if (report.ended === 'failed') console.error(report.failure)
  if (report.ended !== 'done') console.error(redriveGoingOn(command, report))
  return redriveExitCode(report, command)
}
