import { cpus } from 'node:os'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createDecisionIndex } from '@sluice/decisions'
import { catalogue, orderPlaced } from '@sluice/events'
import { inputOf, parseRules } from '@sluice/rules'

/**
 * What rules and decisions cost an event at the gateway: `node bench/judging.ts`. CPU time of one process that does nothing
 * else, as the median and the range of its rounds.
 */
const ROUNDS = 15
const EVENTS = 20_000
const NOW = Date.UTC(2026, 10, 28, 12)

console.log(`Node ${process.version}, ${cpus().length} cores: ${cpus()[0]?.model.trim()}\n`)
measureRules()
measureDecisions()

/** 200 rules over 20 types; none matches, so that each event is judged by all ten of its type. */
function measureRules(): void {
  const definitions = Array.from({ length: 20 }, (_, n) => ({ ...orderPlaced, type: `order-placed-${n}` }))
  const conditions = [
    'data.total.amount >= 1000000',
    'data.total.currency == "USD" && data.total.amount > 5000',
    'data.items.exists(item, item.sku == "gold")',
    'data.customer.id.startsWith("vip-")',
    'size(data.items) > 20',
    'event.source == "/partners/x" || event.tenant == "acme"',
    'data.total.currency in ["CHF", "GBP"] && data.items.size() > 3',
    'data.customer.email.endsWith("@corp.example")',
    'data.items.all(item, item.quantity > 100)',
    'data.total.amount == 0 || data.orderId == "o-1"',
  ]
  const rules = definitions.flatMap(({ type }, t) =>
    conditions.map(
      (when, n) => `  - { name: r-${t}-${n}, type: ${type}, owner: bench, when: '${when}', effect: high }`,
    ),
  )
  const set = parseRules(`rules:\n${rules.join('\n')}\n`, definitions, 'bench')
  const byType = definitions.map(({ type }) =>
    set.rules.flatMap((rule) => {
      const condition = rule.conditions.get(type)
      return condition ? [condition] : []
    }),
  )
  const inputs = Array.from({ length: EVENTS }, (_, n) => inputOf(orderPlaced.example, { id: `e-${n}` }))
  const judge = () => {
    let matched = 0
    for (let n = 0; n < EVENTS; n++)
      for (const condition of byType[n % byType.length]!) if (condition(inputs[n]!) === true) matched++
    return matched
  }
  report(`${set.rules.length} rules over ${definitions.length} types`, () => judge)
}

/** 10,000 live decisions of every shape; about a third of the events is in the scope of one. */
function measureDecisions(): void {
  const before = heapUsed()
  const index = createDecisionIndex()
  for (let n = 0; n < 10_000; n++) index.apply(decision(n), NOW)
  const megabytes = (heapUsed() - before) / 1e6
  const types = catalogue.map(({ definition }) => definition.type)
  const facts = Array.from({ length: EVENTS }, (_, n) => ({
    ...{ tenant: 'default', type: types[n % types.length]!, source: `/shops/${n % 100}`, key: `c-${n}` },
    data: orderPlaced.example,
  }))
  // As they come from JSON: no hash of a key is known yet.
  const asJson = JSON.stringify(facts)
  report('10,000 live decisions', () => {
    const events = JSON.parse(asJson) as typeof facts
    return () => {
      let found = 0
      for (const event of events) {
        if (index.findSuppression(event, NOW)) found++
        if (index.findMove(event, NOW)) found++
      }
      return found
    }
  })
  console.log(`  they take ${megabytes.toFixed(1)} MB`)
}

function decision(n: number) {
  const scopes = [
    { tenant: 'default', key: `c-${n}` },
    { tenant: 'default', type: 'page-viewed', key: `c-${n}` },
    { source: `/shops/${n}`, type: 'page-viewed' },
    { tenant: 'default', type: 'page-viewed', key: `c-${n}`, content: n.toString(16).padStart(64, '0') },
  ]
  const id = `bench/${n}`
  const value = {
    ...{ id, action: n % 2 === 0 ? 'raise' : 'suppress', scope: scopes[n % scopes.length] },
    ...{
      reason: '3 failed payments within 5 minutes',
      evidence: { events: [`e-${n}-1`, `e-${n}-2`] },
      by: 'bench',
    },
    ...{ from: new Date(NOW - 60_000).toISOString(), until: new Date(NOW + 900_000).toISOString() },
  }
  return { key: Buffer.from(id), value: Buffer.from(JSON.stringify(value)) }
}

/** @param prepare makes the work of a round, unmeasured */
function report(what: string, prepare: () => () => number): void {
  // The compilers have to be done first.
  for (let n = 0; n < ROUNDS; n++) prepare()()
  const costs = Array.from({ length: ROUNDS }, () => costOf(prepare())).sort((a, b) => a - b)
  const [least, median, most] = [costs[0]!, costs[ROUNDS >> 1]!, costs[ROUNDS - 1]!]
  console.log(`${what}: ${median.toFixed(2)} µs an event (${least.toFixed(2)} to ${most.toFixed(2)})`)
}

/** Microseconds of CPU an event. */
function costOf(work: () => number): number {
  const begun = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(begun)
  return (user + system) / EVENTS
}

function heapUsed(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
