import { type CatalogueEntry, DecodeError, decodeEvent, type Lane, laneTopic } from '@sluice/events'
import type { IncomingRecord, KafkaClient } from '@sluice/kafka'
import { type ChangeGroup, compareRuleSets, type RuleSet, type TriedRule } from '@sluice/rules'
import { readSpan, spanOf } from './span.ts'

export type TryRulesOptions = {
  readonly client: KafkaClient
  readonly entries: readonly CatalogueEntry[]
  /** What the events were judged by, as far as that is known, and what to judge them by now. */
  readonly before: RuleSet
  readonly after: RuleSet
  /** Only these types; without, all that a rule of either set is for. */
  readonly types?: readonly string[] | undefined
  /** Milliseconds since the epoch. */
  readonly since: number
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((done: number, total: number) => void) | undefined
}

export type TriedRules = {
  readonly types: readonly string[]
  /** Events that were judged. */
  readonly count: number
  /** Records that hold no event, or none that today's definition takes. */
  readonly unreadable: number
  readonly groups: readonly ChangeGroup[]
  readonly rules: readonly TriedRule[]
}

/**
 * What other rules would have done to the events that Kafka has of late. Reads them and changes nothing. Of what was
 * dropped Kafka has nothing, so nobody knows what would become of that.
 * @throws KafkaError; the signal's reason when it is aborted
 */
export async function tryRules(options: TryRulesOptions): Promise<TriedRules> {
  const { client, before, after, since, signal, onProgress } = options
  const ruled = new Set([...before.rules, ...after.rules].flatMap(({ conditions }) => [...conditions.keys()]))
  const wanted = options.types ?? [...ruled]
  const entries = options.entries.filter(({ definition }) => wanted.includes(definition.type))
  const places = new Map(
    entries.flatMap(({ definition }) =>
      definition.lanes.map((lane): [string, { definition: typeof definition; lane: Lane }] => [
        laneTopic(definition.type, lane),
        { definition, lane },
      ]),
    ),
  )
  const comparison = compareRuleSets(before, after)
  let unreadable = 0
  const admin = await client.admin()
  const span = await spanOf(admin, [...places.keys()], since).finally(() => admin.close())
  const reader = client.reader({ name: 'rules' })
  const judge = (record: IncomingRecord) => {
    const { definition, lane } = places.get(record.topic)!
    const input = readInput(record)
    if (input && definition.isValid(input.data)) comparison.take({ definition, lane, input })
    else unreadable++
  }
  await readSpan(reader, span, judge, { signal, onProgress }).finally(() => reader.close())
  return {
    types: entries.map(({ definition }) => definition.type),
    count: comparison.count(),
    unreadable,
    groups: comparison.groups(),
    rules: comparison.rules,
  }
}

function readInput(record: IncomingRecord) {
  try {
    const { data, id, source, subject, tenant } = decodeEvent(record)
    return { data, id, source, subject, tenant, wish: undefined }
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}
