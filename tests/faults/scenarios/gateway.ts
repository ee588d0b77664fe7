import { HEALED_MS, type Scenario } from './scenario.ts'

/** F1. What was stored and never answered is sent again; what never reached Kafka too. */
export const gatewayKilled: Scenario = {
  name: 'gateway-killed',
  title: "killing the gateway between Kafka's acknowledgement and the answer, and before Kafka was reached",
  quick: true,
  mix: { types: ['order-placed', 'order-placed', 'page-viewed'], keys: 12, high: 0.3 },
  eventsPerSecond: 200,
  repeats: true,
  async run({ rig, random, passes, taken, expectsRecovery }) {
    const { broker, fleet } = rig
    for (const stream of ['downstream', 'upstream', 'downstream'] as const) {
      // Downstream: requests are stored and Kafka's answers vanish. Upstream: requests vanish.
      const mend = await broker.gatewayProxy.spoil(stream, { type: 'timeout', timeout: 0 })
      await passes(random.between(200, 500))
      await fleet.kill(fleet.find('gateway'))
      await mend()
      const gateway = await fleet.start('gateway')
      expectsRecovery('gateway', HEALED_MS, 'a new gateway')
      await gateway.ready()
      await taken(100)
    }
  },
}

/** F14. Whoever is asked to stop finishes what it has and ends with 0; nothing is done twice. */
export const stoppedUnderLoad: Scenario = {
  name: 'stopped-under-load',
  title: 'SIGTERM for the gateway and for a service, again and again, while events flow',
  quick: false,
  mix: { types: ['order-placed', 'page-viewed'], keys: 12, high: 0.3 },
  eventsPerSecond: 200,
  repeats: false,
  async run({ rig, random, passes, taken, note }) {
    const { fleet } = rig
    for (const name of ['gateway', 'order-placed', 'gateway', 'order-placed', 'page-viewed']) {
      await passes(random.between(100, 700))
      await fleet.retire(fleet.find(name))
      const next = await fleet.start(name)
      await next.ready()
      await taken(100)
    }
    note(`stopped within ${Math.max(...fleet.exits.map(({ tookMs }) => tookMs))} ms`)
  },
}
