import { deadLetterTopic, laneTopic, orderPlaced, PARTITIONS_PER_TYPE } from '@sluice/events'
import type { Scenario, Stage } from './scenario.ts'

const ORDERS = { types: ['order-placed'], keys: 30, high: 0.3 } as const
const LANE = laneTopic('order-placed', 'normal')

/**
 * What no service can read: no JSON, nothing, no event, another type's event, data that does not fit. Those that have
 * an id have one of their own each time: another of the same identity would be a repeat.
 */
const POISON: readonly ((id: string) => string | null)[] = [
  () => '{"specversion":"1.0",',
  () => '',
  () => null,
  () => '[]',
  (id) => JSON.stringify(eventOf('page-viewed', id, orderPlaced.example)),
  (id) => JSON.stringify(eventOf('order-placed', id, { ...orderPlaced.example, items: 'none' })),
]

/** F10. Each piece of poison is one dead letter, and nobody waits for it. */
export const poison: Scenario = {
  name: 'poison',
  title: 'every hundredth record cannot be read',
  quick: true,
  mix: ORDERS,
  eventsPerSecond: 400,
  repeats: false,
  async run({ rig, random, taken, plant, note }) {
    await taken(600)
    const before = await measureCost(rig, () => taken(200))
    let round = 0
    const poisoned = await measureCost(rig, async () => {
      const partition = random.between(0, PARTITIONS_PER_TYPE - 1)
      const pieces = [random.pick(POISON), POISON[round % POISON.length]!]
      await plant(
        { topic: LANE, partition },
        pieces.map((piece, n) => piece(`poison-${round}-${n}`)),
      )
      round++
      await taken(200)
    })
    const after = await measureCost(rig, () => taken(200))
    note(`the service's CPU for an event: ${before} µs, then with poison ${poisoned} µs, then ${after} µs`)
  },
}

const MEASURED_EVENTS = 1200

/** Microseconds of the service's CPU for each of the events that ended while the work was done, again and again. */
async function measureCost(rig: Stage['rig'], work: () => Promise<void>): Promise<number> {
  const service = rig.fleet.find('order-placed')
  const read = async () => ({
    seconds: (await service.metric('process_cpu_seconds_total')) ?? 0,
    ended: (await service.metric('sluice_handled_events_total')) ?? 0,
  })
  const before = await read()
  for (;;) {
    await work()
    const after = await read()
    const ended = after.ended - before.ended
    if (ended >= MEASURED_EVENTS) return Math.round(((after.seconds - before.seconds) * 1e6) / ended)
  }
}

/** F25. What cannot be given up is not committed; when it can be, it is, once. */
export const deadLetterBlocked: Scenario = {
  name: 'dead-letter-blocked',
  title: 'dead letters cannot be written: their topic is missing',
  quick: false,
  mix: ORDERS,
  eventsPerSecond: 200,
  repeats: false,
  without: [deadLetterTopic('order-placed', 'order-placed')],
  async run({ rig, passes, taken, plant }) {
    for (let partition = 0; partition < PARTITIONS_PER_TYPE; partition++)
      await plant({ topic: LANE, partition }, [null, '{'])
    await taken(300)
    await passes(1500)
    await rig.observer.sample()
    await rig.createTopics()
    await taken(200)
  },
}

/** F18. One key gets nearly everything, and the low lane is flooded: order and books hold. */
export const hotKey: Scenario = {
  name: 'hot-key',
  title: 'nine of ten events have one key, and page views flood the low lane',
  quick: false,
  mix: {
    types: ['page-viewed', 'page-viewed', 'page-viewed', 'order-placed'],
    keys: 8,
    hotKey: 0.9,
    high: 0.2,
  },
  eventsPerSecond: 800,
  repeats: false,
  async run({ taken }) {
    await taken(4000)
  },
}

function eventOf(type: string, id: string, data: unknown) {
  return {
    ...{ specversion: '1.0', id, source: '/faults/poison', type, tenant: 'default' },
    ...{ time: '2026-01-01T00:00:00Z', datacontenttype: 'application/json', priority: 'normal' },
    ...{ receivedat: '1764000000000', dataschema: `urn:sluice:${type}:1`, data },
  }
}
