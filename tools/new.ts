import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { catalogue } from '@sluice/events'
import { createColors } from 'picocolors'
import { askForEvent, askForService, askWhether, CancelledError } from './new/ask.ts'
import { changeTree, removeServiceFolder } from './new/change-tree.ts'
import { RefusedError } from './new/errors.ts'
import { linkService, markInstalled } from './new/link-package.ts'
import { NEW_HELP, type NewOptions, parseNewOptions } from './new/options.ts'
import { listChange, type Plan, planEvent, planService } from './new/plan-event.ts'
import { planRemove, type RemovePlan } from './new/plan-remove.ts'
import { readJson } from './new/read-json.ts'
import {
  createdText,
  describeChanges,
  describeRemoved,
  dryRunText,
  fileLines,
  removedText,
  trialText,
} from './new/report.ts'
import { askToReload, tryRoundTrip } from './new/round-trip.ts'
import {
  CheckError,
  deriveCheck,
  formatCheck,
  runChecks,
  testCheck,
  typeCheck,
  typeCheckOf,
} from './new/run-checks.ts'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const colors = createColors(process.stdout.isTTY && !process.env['NO_COLOR'])
/** Aborted when somebody wants us to stop while files are written; until then a signal simply ends us. */
const stop = new AbortController()

let json = process.argv.includes('--json')
try {
  const options = parseNewOptions(process.argv.slice(2))
  if (options === 'help') console.log(NEW_HELP)
  else {
    json = options.json
    await run(options)
  }
} catch (error) {
  process.exitCode = fail(error)
}
if (process.connected) process.disconnect?.()

async function run(given: NewOptions): Promise<void> {
  if (given.command === 'remove') return remove(given)
  const asks = process.stdin.isTTY && process.stdout.isTTY && !given.yes && !given.json
  const options = !asks
    ? given
    : await (given.command === 'event' ? askForEvent : askForService)(given, catalogue)
  const plan =
    options.command === 'event'
      ? planEvent(ROOT, catalogue, wishOf(options))
      : planService(ROOT, catalogue, serviceOf(options))
  if (!options['dry-run']) return create(plan)
  const { type, services, remarks } = plan
  tell({ ok: true, dryRun: true, type, services, files: describeChanges(plan.changes), remarks })
  say(dryRunText(plan))
}

function wishOf(options: NewOptions) {
  const { fields, from, schema, key, lanes, priority, retry, produces, owner, pii, retention } = options
  const data = from === undefined ? undefined : readJson('--from', from)
  return {
    type: nameOf(options),
    fields,
    samples: from === undefined ? undefined : { from, data: Array.isArray(data) ? data : [data] },
    schema: schema === undefined ? undefined : readJson('--schema', schema),
    key,
    lanes,
    priority,
    retry,
    retryDelays: options['retry-delays'],
    produces,
    services: options.service,
    owner,
    pii,
    retentionDays: retention,
  }
}

function serviceOf(options: NewOptions) {
  if (options.type === undefined) throw new RefusedError('What does it read? Give --type <event type>.')
  return { service: nameOf(options), type: options.type, produces: options.produces }
}

function nameOf({ name, command }: NewOptions): string {
  if (name === undefined) throw new RefusedError(`It has no name: npm run new -- ${command} <name>.`)
  return name
}

/** From here on whoever interrupts gets the tree as it was. */
function undoOnSignal(): void {
  const interrupt = () => stop.abort(new CancelledError('Interrupted.'))
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt)
  process.on('disconnect', interrupt)
}

/** Writes, checks and tries; on any failure everything is undone. */
async function create(plan: Plan): Promise<void> {
  const { type, services, changes, example } = plan
  const sources = changes.map(({ path }) => path).filter((path) => /\.ts$|package\.json$/.test(path))
  undoOnSignal()
  const { undo } = changeTree(ROOT, changes)
  let reloaded = false
  try {
    await step(
      async () => {
        changeTree(ROOT, [listChange(ROOT)])
        for (const service of services) linkService(ROOT, service)
        await runChecks(ROOT, [formatCheck(ROOT, sources)], stop.signal)
      },
      () => `${changes.length} files written and formatted`,
    )
    await step(
      () =>
        runChecks(
          ROOT,
          [deriveCheck(ROOT), typeCheckOf(ROOT, services), testCheck(ROOT, services)],
          stop.signal,
        ),
      () => 'derived files, types, tests, schema',
    )
    markInstalled(ROOT)
    reloaded = true
    const known = catalogue.find(({ definition }) => definition.type === type)
    const event = known?.definition.origin === 'derived' ? { derived: known.definition } : { data: example }
    const trial = {
      root: ROOT,
      type,
      services,
      outputs: plan.outputs,
      event,
      readByOthers: known !== undefined,
      signal: stop.signal,
    }
    const roundTrip = await step(() => tryRoundTrip(trial), trialText)
    const seconds = Math.round((Date.now() - performance.timeOrigin) / 100) / 10
    const files = describeChanges(changes)
    tell({ ok: true, type, services, files, roundTrip: roundTrip ?? null, seconds, remarks: plan.remarks })
    say(createdText(plan, roundTrip, seconds))
  } catch (error) {
    await restore(undo, services, removeServiceFolder)
    if (reloaded) {
      await letRunningFollow()
      say('Topics that were created stay; they are taken again by the next try.')
    }
    throw error
  }
}

async function remove(options: NewOptions): Promise<void> {
  const plan = planRemove(ROOT, catalogue, nameOf(options))
  const { types, services, changes, topics } = plan
  const files = describeChanges(changes)
  if (options['dry-run']) {
    tell({ ok: true, dryRun: true, removed: { types, services }, files, topics })
    say(`Would remove: ${describeRemoved(plan)}.\n${fileLines(changes)}`)
    return
  }
  await confirmRemoval(options, plan)
  undoOnSignal()
  const { undo } = changeTree(ROOT, changes)
  try {
    for (const service of services) removeServiceFolder(ROOT, service)
    changeTree(ROOT, [listChange(ROOT)])
    await step(
      () => runChecks(ROOT, [deriveCheck(ROOT), typeCheck(ROOT), testCheck(ROOT, [])], stop.signal),
      () => 'derived files, types, schema',
    )
    markInstalled(ROOT)
  } catch (error) {
    await restore(undo, services, linkService)
    throw error
  }
  const letGo = await letRunningFollow()
  tell({ ok: true, removed: { types, services }, files, topics })
  say(removedText(plan, letGo))
}

async function confirmRemoval({ yes, json }: NewOptions, plan: RemovePlan): Promise<void> {
  if (yes) return
  if (!process.stdin.isTTY || json)
    throw new RefusedError('Removing asks first; without a terminal add --yes.')
  const question = `Remove ${describeRemoved(plan)}? What you changed there is gone where git does not have it.`
  if (!(await askWhether(question))) throw new CancelledError('Nothing was removed.')
}

/** Whether a Sluice that runs here is what the catalogue says now; where it could not become that, it says why. */
async function letRunningFollow(): Promise<boolean> {
  const answer = await askToReload(ROOT)
  if (answer?.ok === false) {
    console.error(`The Sluice that runs here did not follow; stop it and start it anew. ${answer.detail}`)
  }
  return answer?.ok === true
}

/** The tree as it was: the files, the links or folders of the services, and what is derived. */
async function restore(
  undo: () => void,
  services: readonly string[],
  settle: (root: string, service: string) => void,
): Promise<void> {
  undo()
  for (const service of services) settle(ROOT, service)
  changeTree(ROOT, [listChange(ROOT)])
  markInstalled(ROOT)
  // Not ours to abort, and not ours to fail: what was wrong before may be wrong still.
  await runChecks(ROOT, [deriveCheck(ROOT)], new AbortController().signal).catch(() =>
    say('Derived files may differ: npm run derive'),
  )
  say('The tree is as it was before.')
}

/** Runs a step and says what came of it, and how long it took. */
async function step<Result>(
  work: () => Promise<Result>,
  describe: (result: Result) => string,
): Promise<Result> {
  stop.signal.throwIfAborted()
  const started = performance.now()
  const result = await work()
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  say(`${colors.green('✓')} ${describe(result)} ${colors.dim(`(${seconds} s)`)}`)
  return result
}

function fail(error: unknown): number {
  const expected =
    error instanceof RefusedError || error instanceof CheckError || error instanceof CancelledError
  const code = (error as { code?: unknown }).code
  const message =
    error instanceof Error
      ? expected || typeof code === 'string'
        ? error.message
        : (error.stack ?? error.message)
      : String(error)
  if (json)
    console.log(JSON.stringify({ ok: false, code: typeof code === 'string' ? code : 'failed', message }))
  else console.error(message)
  if (error instanceof CancelledError) return 130
  return error instanceof RefusedError ? 2 : 1
}

function say(line: string): void {
  if (!json) console.log(line)
}

function tell(object: Readonly<Record<string, unknown>>): void {
  if (json) console.log(JSON.stringify(object))
}
