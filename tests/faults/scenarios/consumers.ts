import { type Scenario, SESSION_TIMEOUT_MS, TAKEOVER_MS } from './scenario.ts'

const ORDERS = { types: ['order-placed'], keys: 12, high: 0.3 } as const

/** F3, without transactions. Wherever it dies, what was not committed is handled again, under the same ids. */
export const consumerKilled: Scenario = {
  name: 'consumer-killed',
  title: 'killing a service before its outputs are stored, before it knows, and before it commits',
  quick: true,
  mix: ORDERS,
  eventsPerSecond: 200,
  // So that a plain kill finds outputs that are stored and not committed.
  env: { CONSUMER_COMMIT_INTERVAL_MS: '1500' },
  repeats: true,
  async run({ rig, random, passes, taken, catchesUp, expectsRecovery }) {
    const { broker, fleet, observer } = rig
    for (const stream of [undefined, 'upstream', 'downstream'] as const) {
      const mend = stream && (await broker.servicesProxy.spoil(stream, { type: 'timeout', timeout: 0 }))
      await passes(random.between(300, 900))
      await fleet.kill(fleet.find('order-placed'))
      expectsRecovery('order-placed', TAKEOVER_MS, 'a new service')
      await mend?.()
      await observer.sample()
      const next = await fleet.start('order-placed')
      await next.ready()
      // Killed before it has come to work, it would only be one process that did not take over.
      await catchesUp(next)
      await taken(100)
    }
  },
}

/** F7. Partitions come and go; no event may go with them. */
export const rebalanceStorm: Scenario = {
  name: 'rebalance-storm',
  title: 'a second and third process of a service come and go',
  quick: false,
  mix: ORDERS,
  eventsPerSecond: 200,
  repeats: true,
  async run({ rig, random, passes, taken, expectsRecovery }) {
    const { fleet } = rig
    for (let round = 0; round < 8; round++) {
      const leaves = round % 3 === 2
      if (leaves) {
        const last = fleet.find('order-placed')
        // Before it has begun to listen a signal would simply end it.
        await last.ready()
        await fleet.retire(last)
      } else await fleet.start('order-placed')
      expectsRecovery('order-placed', TAKEOVER_MS, leaves ? 'when one left' : 'when one came')
      await passes(random.between(800, 3000))
    }
    await taken(200)
  },
}

/** F4, F13. A process that stands still loses its partitions, and what it does when it wakes harms nobody. */
export const stalled: Scenario = {
  name: 'stalled',
  title: 'a service stands still (SIGSTOP) past its session, another takes over, the first wakes up',
  quick: false,
  mix: ORDERS,
  eventsPerSecond: 200,
  repeats: true,
  async run({ rig, random, passes, taken, expectsRecovery }) {
    const { fleet, observer } = rig
    for (let round = 0; round < 2; round++) {
      await passes(random.between(100, 800))
      const zombie = fleet.find('order-placed')
      zombie.signal('SIGSTOP')
      expectsRecovery('order-placed', TAKEOVER_MS, 'another service')
      const next = await fleet.start('order-placed')
      await passes(SESSION_TIMEOUT_MS + random.between(1500, 3000))
      await observer.sample()
      zombie.signal('SIGCONT')
      await next.ready()
      await taken(200)
      await fleet.retire(zombie)
    }
  },
}
