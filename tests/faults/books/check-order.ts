import { type Account, type Accounts, generationOf, kindOf, lastGenerationOf } from './accounts.ts'
import type { History, StoredRecord } from './history.ts'
import { type Violation, violation } from './violation.ts'

/**
 * I5: of each key, first occurrences stand in the order in which they were sent: in each lane topic, and in each
 * partition of each output topic for what followed from one lane. Repeats may stand anywhere, and what went
 * through a retry topic has no order. What was redriven comes after what was not, in the same order among itself. All
 * records of a key in a topic are in one partition.
 */
export function checkOrder(history: History, accounts: Accounts): Violation[] {
  const accountOf = new Map<StoredRecord, { account: Account; lane: string }>()
  for (const account of accounts.bySent) {
    for (const record of account.stored) accountOf.set(record, { account, lane: laneOf(record) })
    const lanes = new Set(account.stored.map(laneOf))
    // Of an event that is stored in two lanes nobody can say which one made the output.
    if (lanes.size !== 1) continue
    for (const records of account.outputs.values())
      for (const record of records) accountOf.set(record, { account, lane: [...lanes][0]! })
  }

  const swapped: string[] = []
  const scattered: string[] = []
  const newest = new Map<string, Account>()
  const partitionOf = new Map<string, number>()
  const seen = new Set<string>()
  for (const record of history.records.toSorted(byOffset)) {
    const found = accountOf.get(record)
    if (!found || found.account.hopped) continue
    const { account, lane } = found
    const { event } = account
    const owner = `${record.topic}\n${event.type}\n${event.key}`
    const isInput = account.stored.includes(record)
    if (isInput) {
      const partition = partitionOf.get(owner) ?? record.partition
      partitionOf.set(owner, partition)
      if (partition !== record.partition)
        scattered.push(`${account.name} in ${record.topic} ${record.partition}`)
    }
    // Each of several outputs of one type has a row of its own, because they may have keys of their own.
    const generation = isInput ? generationOf(record) : lastGenerationOf(account)
    const row = `${owner}\n${lane}\n${generation}\n${record.partition}\n${isInput ? '' : placeAmongOutputs(account, record)}`
    const name = `${row}\n${account.name}`
    if (seen.has(name)) continue
    seen.add(name)
    const before = newest.get(row)
    if (before && before.event.kseq > event.kseq) {
      swapped.push(
        `${account.name} (${event.key} no. ${event.kseq}) after ${before.name} (no. ${before.event.kseq}) in ${record.topic} ${record.partition}`,
      )
    } else newest.set(row, account)
  }
  return [
    ...violation('I5', 'of one key, and out of order', swapped),
    ...violation('I5', 'of one key, and in another partition', scattered),
  ]
}

function laneOf({ topic }: StoredRecord): string {
  const kind = kindOf(topic)
  return kind.kind === 'lane' ? kind.lane : ''
}

function placeAmongOutputs({ outputs }: Account, { event }: StoredRecord): number {
  return [...outputs.keys()].indexOf(event!.id)
}

function byOffset(a: StoredRecord, b: StoredRecord): number {
  return a.offset - b.offset
}
