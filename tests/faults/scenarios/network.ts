import { HEALED_MS, type Scenario } from './scenario.ts'

/** F8, K2. The gateway gives an answer up, and the write lands all the same. */
export const slowBroker: Scenario = {
  name: 'slow-broker',
  title: 'Kafka answers after the timeout, or gets the request after it',
  quick: false,
  mix: { types: ['order-placed', 'page-viewed'], keys: 12, high: 0.3 },
  eventsPerSecond: 200,
  env: { KAFKA_REQUEST_TIMEOUT_MS: '1000', PUBLISH_TIMEOUT_MS: '1500' },
  repeats: true,
  async run({ rig, random, passes, taken, expectsRecovery }) {
    for (const stream of ['downstream', 'upstream', 'downstream', 'upstream'] as const) {
      const latency = random.between(1500, 2500)
      const mend = await rig.broker.gatewayProxy.spoil(stream, { type: 'latency', latency, jitter: 300 })
      const mendServices = await rig.broker.servicesProxy.spoil(stream, { type: 'latency', latency })
      await passes(2500)
      await mend()
      await mendServices()
      expectsRecovery('gateway', HEALED_MS, 'the gateway')
      expectsRecovery('order-placed', HEALED_MS, 'the service')
      await taken(200)
    }
  },
}

/** F20. Connections that are open and carry nothing, then ones that are reset. */
export const halfOpen: Scenario = {
  name: 'half-open',
  title: 'connections to Kafka stay open and carry nothing, then are reset',
  quick: false,
  mix: { types: ['order-placed', 'page-viewed'], keys: 12, high: 0.3 },
  eventsPerSecond: 200,
  env: { KAFKA_REQUEST_TIMEOUT_MS: '3000' },
  repeats: true,
  async run({ rig, passes, taken, expectsRecovery }) {
    const proxies = [rig.broker.gatewayProxy, rig.broker.servicesProxy]
    for (const toxic of [
      { type: 'timeout', timeout: 0 },
      { type: 'reset_peer', timeout: 100 },
    ] as const) {
      for (const stream of ['downstream', 'upstream'] as const) {
        const mends = await Promise.all(proxies.map((proxy) => proxy.spoil(stream, toxic)))
        await passes(toxic.type === 'timeout' ? 5000 : 1500)
        for (const mend of mends) await mend()
        expectsRecovery('gateway', HEALED_MS, 'the gateway')
        expectsRecovery('order-placed', HEALED_MS, 'the service')
        await taken(200)
      }
    }
  },
}
