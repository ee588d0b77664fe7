import { setImmediate as turn } from 'node:timers/promises'
import { deadLetterTopic, identityOf, laneTopic, outputId, PARTITIONS_PER_TYPE } from '@sluice/events'
import {
  type Claim,
  createLaneConsumer,
  createPublisher,
  DEAD_LETTER_LANE,
  type Handled,
  type IncomingRecord,
  type KafkaClient,
  type LaneConsumer,
  type PublishOutcome,
  type PublishRecord,
  partitionOf,
  toDeadLetter,
} from '@sluice/kafka'
import { createLogger, createMetrics } from '@sluice/telemetry'
import type { Answer, StoredEvent } from '../books/history.ts'
import type { LoadEvent } from '../load/make-events.ts'

export const GROUP = 'order-placed'
const LANES = ['high', 'normal'] as const
export const LANE_TOPICS = LANES.map((lane) => laneTopic('order-placed', lane))
export const LETTERS = deadLetterTopic('order-placed', GROUP)

/** The producer's patience; a hold that is longer makes `unknown` of what is stored later. */
const DELIVERY_TIMEOUT_MS = 25

/** The producer and the members of the group, with all that they know. */
export function createWorld(client: KafkaClient, random: () => number, windowSize: number) {
  const metrics = createMetrics(GROUP)
  const log = createLogger({ service: GROUP, level: 'fatal', destination: { write() {} } })
  const common = { client, metrics, log, backoff: { baseMs: 1, maxMs: 4 }, random }
  const sent: LoadEvent[] = []
  const answers: Answer[] = []
  const members: LaneConsumer[] = []
  const publishers = [
    createPublisher({
      ...common,
      lanes: LANES,
      deliveryTimeoutMs: DELIVERY_TIMEOUT_MS,
      maxBufferBytes: Number.POSITIVE_INFINITY,
    }),
  ]
  const [gateway] = publishers as [(typeof publishers)[number]]

  /** One request, sent again until all of it is stored: what a good producer does. */
  async function send(events: readonly LoadEvent[]): Promise<void> {
    let pending: number[] = []
    for (const event of events) {
      const index = sent.push(event) - 1
      if (event.fate === 'handled') pending.push(index)
      else answers.push({ event: index, status: 'rejected', at: 0 })
    }
    while (pending.length > 0) {
      const outcomes = await publishAll(pending.map((index) => toRecord(sent[index]!)))
      pending = pending.filter((event, place) => {
        const status = STATUSES[outcomes[place]!.status]
        answers.push({ event, status, at: 0 })
        return status !== 'accepted'
      })
    }
  }

  function publishAll(records: readonly PublishRecord[]): Promise<PublishOutcome[]> {
    const outcomes: PublishOutcome[] = []
    let open = records.length
    const { promise, resolve } = Promise.withResolvers<PublishOutcome[]>()
    const receipt = {
      settled(index: number, outcome: PublishOutcome) {
        outcomes[index] = outcome
        if (--open === 0) resolve(outcomes)
      },
    }
    for (const [index, record] of records.entries()) gateway.publish(record, receipt, index)
    return promise
  }

  async function join(): Promise<void> {
    const publisher = createPublisher({
      ...common,
      lanes: ['high', 'normal', DEAD_LETTER_LANE],
      deliveryTimeoutMs: Number.POSITIVE_INFINITY,
      maxBufferBytes: Number.POSITIVE_INFINITY,
    })
    publishers.push(publisher)
    const consumer = createLaneConsumer<Handled>({
      client,
      publisher,
      group: GROUP,
      type: 'order-placed',
      lanes: LANES.map((lane, index) => ({
        lane,
        topic: LANE_TOPICS[index]!,
        weight: 4 - index,
        maxWaitMs: 100,
      })),
      retries: [],
      laneOf: () => LANES[0]!,
      admission: { closed: true, admit: () => true, withdraw() {} },
      concurrency: 8,
      sessionTimeoutMs: 6000,
      commitIntervalMs: 2,
      windowSize,
      identify(record) {
        const event = decode(record)
        return event && identityOf(event)
      },
      handle: (record, _lane, claim) => handle(record, claim, random),
      undeliverable: (record) => ({ outputs: [letterOf(record)] }),
      finished() {},
      // Whoever runs it starts another one, which the schedule says.
      crashed() {},
      metrics,
      log,
    })
    members.push(consumer)
    await consumer.start()
  }

  return {
    sent,
    answers,
    send,
    join,
    async stop() {
      await Promise.all(members.map((member) => member.stop(1000)))
      await Promise.all(publishers.map((publisher) => publisher.close()))
    },
  }
}

const STATUSES = {
  stored: 'accepted',
  overloaded: 'refused',
  failed: 'refused',
  unknown: 'unknown',
} as const

/** Some answer at once, others after a while, so that keys and partitions overtake each other. */
function handle(
  record: IncomingRecord,
  claim: Claim,
  random: () => number,
): Handled | Promise<Handled | undefined> {
  const event = decode(record)
  if (!event) return { outputs: [letterOf(record)] }
  const handled = claim.claim(identityOf(event))
  if (handled === true) return NOTHING
  if (handled !== false) return handled.then((isHandled) => (isHandled ? NOTHING : undefined))
  const result = { outputs: event.outputs.map((output) => toOutput(event, output)) }
  return random() < 0.5 ? result : wait(Math.floor(random() * 6)).then(() => result)
}

const NOTHING: Handled = { outputs: [] }

async function wait(turns: number): Promise<void> {
  for (let i = 0; i < turns; i++) await turn()
}

function letterOf(record: IncomingRecord): PublishRecord {
  const error = new Error('It is no event.')
  return toDeadLetter(
    record,
    { service: GROUP, reason: 'schema', attempts: 1, firstFailedAt: 0, error },
    LETTERS,
  )
}

function toRecord(event: LoadEvent): PublishRecord {
  const lane = event.priority === 'high' ? 'high' : 'normal'
  return {
    lane,
    topic: laneTopic('order-placed', lane),
    partition: partitionOf(event.key, PARTITIONS_PER_TYPE),
    key: event.key,
    value: JSON.stringify(event),
  }
}

function toOutput(event: LoadEvent, { type, index }: LoadEvent['outputs'][number]): PublishRecord {
  const key = `${event.key} ${index}`
  const { tenant, id } = event
  const output: StoredEvent = {
    ...{ tenant, source: `/services/${GROUP}`, id: outputId(event as never, type, index), type },
    ...{ causationid: id, correlationid: id },
  }
  return {
    lane: 'normal',
    topic: laneTopic(type, 'normal'),
    partition: partitionOf(key, PARTITIONS_PER_TYPE),
    key,
    value: JSON.stringify(output),
  }
}

/** The event in a record, of the lanes or the outputs. */
export function decode({ value }: IncomingRecord): LoadEvent | undefined {
  try {
    return JSON.parse(String(value)) as LoadEvent
  } catch {
    return undefined
  }
}
