import { deadLetterTopic, laneTopic, outputId, PARTITIONS_PER_TYPE } from '@sluice/events'
import { partitionOf } from '@sluice/kafka'
import { createEvents, type LoadEvent } from '../load/make-events.ts'
import { createRandom } from '../load/seeded-random.ts'
import {
  type Answer,
  type CommitSample,
  type History,
  OUTCOME_TOPIC,
  type OutcomeRecord,
  type Place,
  type StoredRecord,
} from './history.ts'

/** A history whose parts may be changed, to plant a bug. */
export type OpenHistory = { -readonly [Part in keyof History]: Thawed<History[Part]> }
type Thawed<Part> = Part extends readonly (infer Item)[]
  ? { -readonly [Key in keyof Item]: Item[Key] }[]
  : Part

export type CleanHistoryOptions = {
  readonly seed: number
  readonly events: number
  /** Answers get lost, batches are stored twice, services are killed between their outputs and the commit. */
  readonly troubled: boolean
  readonly outcomeTopic: boolean
  /** A release that fails gives some events up; they are redriven, some again, until all are handled. */
  readonly redrives?: boolean
}

/** A dead letter that waits to be redriven. */
type Letter = {
  readonly event: LoadEvent
  readonly letter: Place
  readonly origin: Place
  readonly again: number
}

const SERVICES = ['order-placed', 'payment-failed', 'page-viewed'].map((type) => ({ service: type, type }))

/** What a system without faults of its own leaves behind: the checker has to find nothing in it. */
export function makeCleanHistory(options: CleanHistoryOptions): OpenHistory {
  const { troubled, outcomeTopic } = options
  const random = createRandom(options.seed)
  const makeEvent = createEvents('clean', random, {
    types: ['order-placed', 'payment-failed', 'page-viewed'],
    keys: 4,
    high: 0.3,
  })
  const answers: Answer[] = []
  const planted: Place[] = []
  const records: StoredRecord[] = []
  const commits: CommitSample[] = []
  const ends: Record<string, number> = {}
  const gateway = { accepted: 0, filtered: {} as Record<string, number> }
  const counted = new Map(SERVICES.map(({ service }) => [service, { ended: 0, deadLetters: 0 }]))
  let now = 1_764_000_000_000

  const sent = Array.from({ length: options.events }, makeEvent)
  const waiting = new Map<string, Letter[]>(SERVICES.map(({ service }) => [service, []]))
  for (const [index, event] of sent.entries()) send(event, index)
  for (const { service } of SERVICES) while (waiting.get(service)!.length > 0) redriveAll(service)
  for (const { service, type } of SERVICES) {
    const place = store(laneTopic(type, 'normal'), 0, { key: 'poison', headers: {} })
    planted.push(place)
    end(type, service, place, undefined)
  }
  return {
    sent,
    answers,
    planted,
    records,
    commits,
    counters: [
      { process: 'gateway', life: 1, complete: true, ...gateway, ended: 0, deadLetters: 0 },
      ...[...counted].map(([process, counts]) => ({
        process,
        life: 1,
        complete: true,
        accepted: 0,
        filtered: {},
        ...counts,
      })),
    ],
    recoveries: [{ what: 'the broker', limitMs: 10_000, tookMs: 900 }],
    exits: [{ process: 'gateway', code: 0, tookMs: 40 }],
    holdings: [{ process: 'gateway', what: 'open files', before: 30, after: 34, mostMore: 4 }],
    services: SERVICES,
    repeatsAllowed: troubled,
  }

  function send(event: LoadEvent, index: number): void {
    const answer = (status: Answer['status'], reason?: string) =>
      answers.push({ event: index, status, at: now++, ...(reason !== undefined && { reason }) })
    if (event.fate === 'rejected') {
      answer('rejected', 'schema')
      return
    }
    if (event.fate === 'filtered') {
      const { rule = '' } = event
      gateway.filtered[rule] = (gateway.filtered[rule] ?? 0) + 1
      if (outcomeTopic) tell(event, 'gateway', 'filtered', `rule:${rule}`)
      answer('filtered', rule)
      return
    }
    const trouble = troubled ? random.next() : 1
    if (trouble < 0.1) answer('refused', 'overloaded')
    else if (trouble < 0.2) answer('unknown', 'timeout')
    else if (trouble < 0.3) {
      take(event)
      answer('unknown', 'ECONNRESET')
    }
    // One that is taken twice was handled the first time: the repeat is dropped.
    const fails = options.redrives === true && trouble >= 0.3 && random.chance(0.2)
    take(event, fails)
    gateway.accepted += 1
    answer('accepted')
  }

  /** From the lane to its end, with the commit that follows. */
  function take(event: LoadEvent, fails = false): void {
    const topic = laneTopic(event.type, laneOf(event))
    const { tenant, source, id, type } = event
    const copies = troubled && !fails && random.chance(0.1) ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      const place = store(topic, partitionOf(event.key, PARTITIONS_PER_TYPE), {
        key: event.key,
        event: { tenant, source, id, type },
        headers: {},
      })
      const times = troubled && random.chance(0.1) ? 2 : 1
      for (let time = 0; time < (fails ? 1 : times); time++) {
        if (fails) giveUp(event, place, '')
        else end(event.type, event.type, place, event)
      }
    }
  }

  function giveUp(event: LoadEvent, place: Place, generation: string): void {
    const { tenant, source, id, type, key } = event
    const counts = counted.get(type)!
    counts.ended += 1
    counts.deadLetters += 1
    const again = Number(generation.split('-')[1] ?? 0)
    const letter = store(deadLetterTopic(type, type), 0, {
      key,
      event: { tenant, source, id, type },
      headers: {
        'dlq-original-topic': place.topic,
        'dlq-original-partition': String(place.partition),
        'dlq-original-offset': String(place.offset),
        'dlq-reason': 'poison',
        'dlq-replay-count': String(again),
        ...(generation && { 'sluice-generation': generation, 'sluice-service': type }),
      },
    })
    if (outcomeTopic) tell(event, type, 'dead-letter', 'poison', generation)
    waiting.get(type)!.push({ event, letter, origin: place, again })
  }

  /** In the order of the letters, and in a troubled history some of them twice: the service drops the repeat. */
  function redriveAll(service: string): void {
    const letters = waiting.get(service)!.splice(0)
    const sent = letters.map(({ event, origin, again }) => {
      const { tenant, source, id, type, key } = event
      const generation = `redrive-${again + 1}`
      const headers = { 'sluice-generation': generation, 'sluice-service': service }
      const write = () =>
        store(origin.topic, origin.partition, { key, event: { tenant, source, id, type }, headers })
      const place = write()
      if (troubled && random.chance(0.2)) {
        write()
        counted.get(service)!.ended += 1
        if (outcomeTopic) tell(event, service, 'duplicate', undefined, generation)
      }
      return { event, place, generation }
    })
    const offsets = letters.map(({ letter }) => letter.offset).join(',')
    store(deadLetterTopic(service, service), 0, { key: null, headers: { 'dlq-redriven': offsets } })
    for (const { event, place, generation } of sent) {
      if (random.chance(0.3)) giveUp(event, place, generation)
      else end(event.type, service, place, event, generation)
    }
  }

  function end(
    type: string,
    service: string,
    place: Place,
    event: LoadEvent | undefined,
    generation = '',
  ): void {
    const counts = counted.get(service)!
    counts.ended += 1
    if (event === undefined) {
      counts.deadLetters += 1
      store(deadLetterTopic(type, service), 0, {
        key: 'poison',
        headers: {
          'dlq-original-topic': place.topic,
          'dlq-original-partition': String(place.partition),
          'dlq-original-offset': String(place.offset),
          'dlq-reason': 'schema',
        },
      })
    } else {
      const { tenant } = event
      for (const output of event.outputs) {
        const key = `${event.key} ${output.index}`
        store(laneTopic(output.type, output.type === 'page-view-enriched' ? 'low' : laneOf(event)), 0, {
          key,
          event: {
            tenant,
            source: `/services/${service}`,
            id: outputId(event as never, output.type, output.index),
            type: output.type,
            causationid: event.id,
            correlationid: event.id,
          },
          headers: {},
        })
      }
      if (outcomeTopic) tell(event, service, 'handled', undefined, generation)
    }
    if (random.chance(0.3)) {
      const { topic, partition } = place
      commits.push({ group: service, topic, partition, offset: place.offset + 1, ends: { ...ends } })
    }
  }

  function tell(
    event: LoadEvent,
    by: string,
    outcome: OutcomeRecord['outcome'],
    reason?: string,
    generation = '',
  ): void {
    const { tenant, source, id, type } = event
    store(OUTCOME_TOPIC, 0, {
      key: id,
      outcome: {
        ...{ tenant, source, id, type, by, outcome },
        ...(reason !== undefined && { reason }),
        ...(generation && { generation }),
      },
      headers: {},
    })
  }

  function store(
    topic: string,
    partition: number,
    record: Omit<StoredRecord, keyof Place | 'timestamp'>,
  ): Place {
    const offset = ends[`${topic}/${partition}`] ?? 0
    ends[`${topic}/${partition}`] = offset + 1
    records.push({ topic, partition, offset, timestamp: now++, ...record })
    return { topic, partition, offset }
  }
}

function laneOf({ type, priority }: LoadEvent): 'high' | 'normal' | 'low' {
  if (type === 'page-viewed') return 'low'
  return type === 'payment-failed' ? 'high' : (priority ?? 'normal')
}
