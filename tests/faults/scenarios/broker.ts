import { HEALED_MS, type Scenario, type Stage } from './scenario.ts'

const MIX = { types: ['order-placed', 'order-placed', 'page-viewed'], keys: 12, high: 0.3 } as const

/** F5, as an operator does it. */
export const brokerRestarted: Scenario = {
  name: 'broker-restarted',
  title: 'Kafka is stopped in peace and started again',
  quick: false,
  mix: MIX,
  eventsPerSecond: 200,
  repeats: true,
  async run(stage) {
    for (let round = 0; round < 2; round++) {
      await stage.rig.broker.shutDown()
      await comeBack(stage)
    }
  },
}

/** F5, as the kernel does it. */
export const brokerKilled: Scenario = {
  name: 'broker-killed',
  title: 'Kafka is killed and started again',
  quick: true,
  mix: MIX,
  eventsPerSecond: 200,
  repeats: true,
  async run(stage) {
    await stage.rig.broker.kill()
    await comeBack(stage)
  },
}

async function comeBack({ rig, random, passes, taken, expectsRecovery }: Stage): Promise<void> {
  await passes(random.between(500, 2500))
  await rig.broker.restart()
  expectsRecovery('gateway', HEALED_MS, 'the gateway')
  expectsRecovery('order-placed', HEALED_MS, 'the service')
  await taken(200)
}

/** F6. A minute without Kafka: refused, not hoarded, and then all of it. */
export const brokerUnreachable: Scenario = {
  name: 'broker-unreachable',
  title: 'Kafka cannot be reached for a minute',
  quick: false,
  mix: MIX,
  eventsPerSecond: 200,
  repeats: true,
  async run({ rig, producer, passes, expectsRecovery, holds, note }) {
    const { broker, fleet } = rig
    const memory = async () =>
      Math.round(((await fleet.find('gateway').metric('process_resident_memory_bytes')) ?? 0) / MIB)
    const before = await memory()
    const answered = producer.ledger.answers.length
    const mends = [await broker.gatewayProxy.cut(), await broker.servicesProxy.cut()]
    await passes(60_000)
    const after = await memory()
    holds({ process: 'gateway', what: 'MiB of memory', before, after, mostMore: 64 })
    note(`the gateway's memory: ${before} → ${after} MiB`)
    const answers = producer.ledger.answers.slice(answered)
    const slowest = Math.max(...answers.map(({ took = 0 }) => took))
    holds({ process: 'gateway', what: 'ms for an answer', before: 0, after: slowest, mostMore: 1000 })
    note(`the slowest answer: ${slowest} ms`)
    const reasons = Map.groupBy(answers, ({ status, reason }) => `${status} ${reason ?? ''}`)
    note(`meanwhile: ${[...reasons].map(([reason, answers]) => `${answers.length} × ${reason}`).join(', ')}`)
    for (const mend of mends) await mend()
    expectsRecovery('gateway', ACCEPTING_MS, 'the gateway')
    expectsRecovery('order-placed', HEALED_MS, 'the service')
  },
}

const MIB = 1024 * 1024
/** After an outage, until the gateway accepts an event. */
const ACCEPTING_MS = 5000
