import { mkdirSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { fileURLToPath } from 'node:url'
import type { TopicPlan } from '@sluice/events'
import { freePort, resolveFlinkJars } from '@sluice/testing'
import { type BrokerChoice, chooseBroker, kafkaDataDir, resetBroker } from './start/broker.ts'
import { shortenLines } from './start/crash-lines.ts'
import { createTopics, describeLoss, summariseDifferences } from './start/create-topics.ts'
import { createFleet } from './start/fleet.ts'
import { followCatalogue, type ReloadAnswer } from './start/follow-catalogue.ts'
import { requireGivenKafka } from './start/given-kafka.ts'
import { kafkaFromEnvironment } from './start/kafka-from-environment.ts'
import { sampleRequest } from './start/layout.ts'
import { summarise } from './start/measure.ts'
import { parseStartOptions, START_HELP, type StartOptions, UsageError } from './start/options.ts'
import { CAN_SHARE_PORTS, planStart, type StartPlan } from './start/plan.ts'
import { describePort, isPortFree } from './start/ports.ts'
import type { ProcessNotice } from './start/processes.ts'
import { type CatalogueFacts, catalogueFacts, readCatalogue } from './start/read-catalogue.ts'
import { registerAnew } from './start/register-anew.ts'
import { createSampler } from './start/sampler.ts'
import { createScreen, type Screen } from './start/screen.ts'
import { claimInstance } from './start/single-instance.ts'
import { createStopSignal } from './start/stop-signal.ts'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const LOG_DIR = join(ROOT, '.sluice', 'logs')
const STOP_GRACE_MS = 10_000
const REDRAW_MS = 1000
const START_LIMITS = { patience: 3, timeoutMs: 60_000 }
/** Planning five jobs is half a minute of work for one core, and the flood guard is compiled the first time. */
const STREAMS_LIMITS = { patience: 2, timeoutMs: 600_000 }
const KINDS = { given: 'given by KAFKA_BROKERS', docker: 'Docker', jvm: 'local JVM' } as const
const START_ANEW = 'To have them as planned, throw the local data away: npm start -- --reset'
const LIST_THEM = '"npm run topics" lists them all.'

/** What a second start is told about the first. */
type RunningState = {
  pid: number
  ready: boolean
  ingest?: string
  brokers?: string
  services?: { name: string; pid: number | undefined; admin: string | undefined }[]
  streams?: readonly StartedJob[]
}

/** A stream job; one of Flink's may go on from a checkpoint. */
type StartedJob = { readonly name: string; readonly resumed?: boolean }

try {
  const options = parseStartOptions(process.argv.slice(2))
  if (options === 'help') console.log(START_HELP)
  else process.exitCode = await start(options)
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  console.error(error.message)
  process.exitCode = 2
}
if (process.connected) process.disconnect?.()

/** One start, from the lock to the last process gone. Returns the exit code. */
async function start(options: StartOptions): Promise<number> {
  const given = process.env['KAFKA_BROKERS']
  const plan = planOf(catalogueFacts(process.env))
  const screen = createScreen(options.json ? 'json' : process.stdout.isTTY ? 'terminal' : 'plain')
  const state: RunningState = { pid: process.pid, ready: false }
  const claim = await claimInstance({
    root: ROOT,
    state: () => state,
    answer: (request) => (request === 'reload' ? reload() : Promise.resolve(undefined)),
  })
  if (!claim.claimed) return reportRunning(screen, claim.state)

  mkdirSync(LOG_DIR, { recursive: true })
  const fleet = createFleet({ logDir: LOG_DIR, onNotice: (notice) => report(screen, notice) })
  const stop = createStopSignal()
  let broker: BrokerChoice | undefined
  let heldTopics = false
  let facts = catalogueFacts(process.env)
  /** One after the other. */
  let reloading: Promise<unknown> = Promise.resolve()
  stop.onSecond(() => {
    screen.say('Killing everything at once.')
    fleet.kill()
    process.exit(130)
  })
  // Whatever ends us, nobody stays behind; a kill -9 of us is noticed by the processes themselves.
  process.once('exit', () => fleet.kill())

  let exitCode = 0
  try {
    await Promise.race([bringUp(), stop.requested])
    if (state.ready) await watch()
  } catch (error) {
    exitCode = 1
    screen.say(explain(error))
    screen.tell({ event: 'failed', detail: explain(error) })
  }

  screen.close()
  await stopEverything()
  await claim.release()
  screen.tell({ event: 'stopped' })
  // Work that a Ctrl-C interrupted, like a download, must not keep us here.
  setImmediate(() => process.exit(exitCode))
  return exitCode

  async function stopEverything(): Promise<void> {
    if (fleet.rows().length === 0 && broker?.kind !== 'docker') return
    const began = performance.now()
    screen.say('Stopping …')
    await fleet.stop(STOP_GRACE_MS)
    if (broker?.kind === 'docker') await broker.stop()
    screen.say(`Everything has stopped (${((performance.now() - began) / 1000).toFixed(1)} s).`)
  }

  async function bringUp(): Promise<void> {
    await requirePorts(plan)
    if (options.reset) await reset(screen, options)
    const { brokers, kind } = await screen.step(
      'Kafka',
      bringUpKafka,
      ({ brokers, kind }) => `${brokers}, ${KINDS[kind]}`,
    )
    await screen.step('Topics', () => bringUpTopics(screen, facts.topics, brokers, kind, heldTopics), String)
    await registerAnew({ ...process.env, KAFKA_BROKERS: brokers })
    const processes = [...plan.services, plan.gateway]
    const ready = await screen.step(
      'Services and gateway',
      async () => {
        const started = await Promise.all([
          fleet.start(plan.services, START_LIMITS),
          fleet.start([plan.gateway], START_LIMITS),
        ])
        return started.flat()
      },
      () => `${processes.length} processes`,
    )
    const services = [...ready.slice(-1), ...ready.slice(0, -1)].map(({ name, pid, admin }) => ({
      name,
      pid,
      admin,
    }))
    const streams = options.streams
      ? await screen.step('Stream jobs', bringUpStreams, describeJobs)
      : undefined
    if (options.demo) await fleet.start([plan.demo], { patience: 1, timeoutMs: 10_000 })
    const told = { ready: true, ingest: plan.ingest, brokers, services, ...(streams && { streams }) }
    Object.assign(state, told)
    screen.tell(told)
    if (screen.mode === 'plain') {
      screen.say(`Ready: ${plan.ingest}/v1/events. Try it:\n${sampleRequest(plan.ingest).join('\n')}`)
    }
  }

  async function bringUpKafka(onProgress: (line: string) => void): Promise<BrokerChoice> {
    const chosen = await chooseBroker({
      root: ROOT,
      port: options.kafkaPort,
      env: process.env,
      onProgress,
    })
    if (chosen.kind === 'given') await requireGivenKafka(process.env)
    // Known before it runs, so that a stop in between stops it.
    broker = chosen
    if (chosen.kind === 'docker') {
      onProgress('starting its container')
      await chosen.start()
    }
    if (chosen.kind === 'jvm') {
      onProgress('starting the JVM')
      const [kafka] = await fleet.start([chosen.plan], { patience: 1, timeoutMs: 90_000 })
      sayNotices(screen, kafka!.message)
      heldTopics = (kafka!.message as { heldTopics: boolean }).heldTopics
    }
    return chosen
  }

  async function bringUpStreams(onProgress: (line: string) => void): Promise<StartedJob[]> {
    const libs = await resolveFlinkJars(onProgress)
    onProgress('starting the JVM')
    // Any free one: those after the services' are for services that join.
    const started = await fleet.start(plan.streams(libs, await freePort()), STREAMS_LIMITS)
    return started.flatMap(({ name, message }) => (message as { jobs?: StartedJob[] }).jobs ?? [{ name }])
  }

  function planOf(facts: CatalogueFacts): StartPlan {
    return planStart(ROOT, facts.entries, options, given || `127.0.0.1:${options.kafkaPort}`, process.env)
  }

  function reload(): Promise<ReloadAnswer> {
    const answer = reloading
      .then(follow)
      .catch((error): ReloadAnswer => ({ ok: false, detail: explain(error) }))
    reloading = answer
    return answer
  }

  /**
   * Makes what runs what the catalogue is now: topics, then the services that are new, and a successor of the gateway,
   * which has to know the types. The other services are not touched. The successor listens on the gateway's ports beside
   * it and takes over when it is ready.
   */
  async function follow(): Promise<ReloadAnswer> {
    if (!state.ready || stop.isRequested())
      return { ok: false, detail: 'It is starting or stopping. Try again in a moment.' }
    const read = await readCatalogue(process.env)
    const next = planOf(read)
    const services = facts.entries.flatMap((entry) => entry.services)
    const running = fleet.rows().filter(({ name }) => services.includes(name))
    const { joining, leaving } = followCatalogue(running, next.services)
    const created = await createMissingTopics(read.topics)
    await registerAnew({ ...process.env, KAFKA_BROKERS: broker!.brokers })
    const limits = { patience: 1, timeoutMs: START_LIMITS.timeoutMs }
    // Both to their end, also when one fails: the next reload must find none of it under way.
    const [joined, gateway] = await Promise.allSettled([
      fleet.start(joining, limits),
      fleet.replace(next.gateway, { ...limits, overlap: CAN_SHARE_PORTS, graceMs: STOP_GRACE_MS }),
    ])
    if (joined.status === 'rejected' || gateway.status === 'rejected') {
      const names = joining.map(({ name }) => name)
      await fleet.remove(names, STOP_GRACE_MS)
      throw joined.status === 'rejected' ? joined.reason : (gateway as PromiseRejectedResult).reason
    }
    await fleet.remove(leaving, STOP_GRACE_MS)
    facts = read
    const isOurs = (name: string) =>
      name === 'gateway' || facts.entries.some((entry) => entry.services.includes(name))
    state.services = fleet
      .rows()
      .filter(({ name }) => isOurs(name))
      .map(({ name, pid, admin }) => ({ name, pid, admin }))
    for (const { name, pid, admin } of joined.value) {
      screen.say(`${name} has joined (pid ${pid}).`)
      screen.tell({ event: 'joined', service: name, pid, admin })
    }
    for (const name of leaving) {
      screen.say(`${name} has left.`)
      screen.tell({ event: 'left', service: name })
    }
    return {
      ok: true,
      ingest: plan.ingest,
      brokers: broker!.brokers,
      given: broker!.kind === 'given',
      topics: created,
      left: leaving,
      joined: joined.value.map(({ name, pid, admin }) => ({ name, pid, admin })),
    }
  }

  async function createMissingTopics(plans: readonly TopicPlan[]): Promise<readonly string[]> {
    const admin = await kafkaFromEnvironment(
      { ...process.env, KAFKA_BROKERS: broker!.brokers },
      'start',
    ).admin()
    try {
      return (await createTopics(admin, plans)).created
    } finally {
      await admin.close()
    }
  }

  /** Keeps the screen up to date until something asks to stop. */
  async function watch(): Promise<void> {
    const began = performance.now()
    let known: CatalogueFacts | undefined
    let sampler = createSampler(new Map())
    while (!stop.isRequested()) {
      if (known !== facts) {
        known = facts
        sampler = createSampler(
          new Map(fleet.rows().flatMap(({ name, admin }) => (admin ? [[name, admin]] : []))),
        )
      }
      const types = known.entries
        .filter(({ services }) => services.length > 0)
        .map(({ definition, services }) => ({ type: definition.type, services }))
      const { before, after } = await sampler.sample()
      if (stop.isRequested()) return
      screen.show({
        upSeconds: (performance.now() - began) / 1000,
        ingest: plan.ingest,
        brokers: broker!.brokers,
        brokerKind: KINDS[broker!.kind],
        logs: `${relative(process.cwd(), LOG_DIR)}/`,
        processes: fleet.rows(),
        types: summarise(before, after, types),
      })
      await stop.within(REDRAW_MS)
    }
  }
}

function describeJobs(jobs: readonly StartedJob[]): string {
  const resumed = jobs.filter((job) => job.resumed).length
  const names = jobs.map(({ name }) => name).join(', ')
  return resumed > 0 ? `${names}; ${resumed} go on from their checkpoints` : names
}

/** @throws UsageError naming every port that is taken, by whom, and the flag that moves it. */
async function requirePorts(plan: StartPlan): Promise<void> {
  const problems: string[] = []
  for (const { port, flag, wantedBy } of plan.ports) {
    if (await isPortFree(port)) continue
    const what = await describePort(port)
    problems.push(`For ${wantedBy}: ${what}. Stop that, or choose another with ${flag} <n>.`)
  }
  if (problems.length > 0) throw new UsageError(problems.join('\n'))
}

async function reset(screen: Screen, { yes }: StartOptions): Promise<void> {
  if (process.env['KAFKA_BROKERS']) {
    throw new UsageError('--reset throws a local Kafka away, but KAFKA_BROKERS names another.')
  }
  if (!yes) {
    if (!process.stdin.isTTY) throw new UsageError('--reset asks first; without a terminal add --yes.')
    const terminal = createInterface({ input: process.stdin, output: process.stderr })
    const answer = await terminal.question("Throw the local Kafka's data away, all events in it? [y/N] ")
    terminal.close()
    if (!/^y(es)?$/i.test(answer.trim())) throw new UsageError('Nothing was thrown away.')
  }
  await screen.step("Throwing the local Kafka's data away", () => resetBroker(ROOT))
}

async function bringUpTopics(
  screen: Screen,
  plans: readonly TopicPlan[],
  brokers: string,
  kind: BrokerChoice['kind'],
  heldTopics: boolean,
): Promise<string> {
  const admin = await kafkaFromEnvironment({ ...process.env, KAFKA_BROKERS: brokers }, 'start').admin()
  try {
    const report = await createTopics(admin, plans)
    const { created, present, differences } = report
    const loss = heldTopics && describeLoss(report, relative(process.cwd(), kafkaDataDir(ROOT)))
    if (loss) screen.say(loss)
    const differing = summariseDifferences(differences, kind === 'given' ? LIST_THEM : START_ANEW)
    if (differing !== undefined) screen.say(differing)
    return `${created.length} created, ${present.length} there already`
  } finally {
    await admin.close()
  }
}

/** What the local Kafka's process says with its `ready`; the others say nothing. */
function sayNotices(screen: Screen, message: unknown): void {
  for (const notice of (message as { notices: readonly string[] } | undefined)?.notices ?? [])
    screen.say(notice)
}

function report(screen: Screen, notice: ProcessNotice): void {
  if (notice.kind === 'ready') {
    sayNotices(screen, notice.message)
    screen.say(`${notice.name} is ready again (pid ${notice.pid}).`)
    screen.tell({ event: 'restarted', service: notice.name, pid: notice.pid })
    return
  }
  const { name, pid, code, signal, lines, explained, restartInMs } = notice
  const how = signal === null ? `exited with code ${code}` : `was ended by ${signal}`
  const log = relative(process.cwd(), join(LOG_DIR, `${name}.log`))
  screen.say(`${name} (pid ${pid}) ${how}; it starts again in ${restartInMs / 1000} s. Its log: ${log}`)
  for (const line of shortenLines(lines, explained ? 'first' : 'last')) screen.say(`  ${line}`)
  screen.tell({ event: 'crashed', service: name, pid, code, signal, lines, restartInMs })
}

function reportRunning(screen: Screen, state: RunningState | undefined): number {
  screen.tell({ ready: false, running: state ?? null })
  if (state === undefined) screen.say('Sluice is already starting or stopping here. Try again in a moment.')
  else {
    const where = state.ready ? `takes events at ${state.ingest}/v1/events` : 'is still starting or stopping'
    screen.say(`Sluice is already running here: pid ${state.pid} ${where}.`)
    for (const { name, pid, admin } of state.services ?? []) screen.say(`  ${name} (pid ${pid}) ${admin}`)
    screen.say(`Stop it with Ctrl-C in its terminal, or with: kill ${state.pid}`)
  }
  return 1
}

/** Errors with a code of ours explain themselves; anything else is a bug, and its stack is wanted. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = (error as { code?: unknown }).code
  return typeof code === 'string' ? error.message : (error.stack ?? error.message)
}
