import { type ClusterProducer, callOf, type KafkaJsCluster, leaderOf, NO_LEADER } from './kafkajs-call.ts'
import type { KafkaJs } from './kafkajs-connect.ts'
import { QUICK_RETRY } from './kafkajs-connect.ts'
import { makesStale, outcomeOfCode, outcomeOfUnanswered, outcomeOfUnsent, rootOf } from './kafkajs-errors.ts'
import { placeOf } from './partition.ts'
import type { ProduceBatch, ProduceOutcome, Producer, TopicPartition } from './port.ts'
import { encodeProduceRequest, PRODUCE, type ProduceAnswer, readProduceAnswer } from './produce-protocol.ts'
import { encodeRecordBatch } from './record-batch.ts'

/**
 * A producer of one attempt per call, without idempotence: kafkajs' own has lost and doubled records.
 *
 * Each leader gets one request with all its batches, and is judged by its own answer. kafkajs keeps the connections and
 * what is known of the cluster; the requests are ours.
 *
 * kafkajs knows topics as one set, and one topic of it that is missing, forbidden or without a leader makes
 * every later look at the cluster fail for all. So a topic is shown to it only after a client of its own, the
 * scout, has seen it; and as soon as an answer casts doubt on what kafkajs knows, the session is replaced: a new
 * client takes the next calls, the old one finishes its own and leaves. That is also how a connection ends on
 * which answers fail to come.
 */
export function createKafkaJsProducer(
  open: () => KafkaJs,
  options: { readonly requestTimeoutMs: number },
): Producer {
  const known = new Set<string>()
  const calls = new Set<Promise<unknown>>()
  let session: Session | undefined
  let closed = false

  async function produce(batches: readonly ProduceBatch[]): Promise<readonly ProduceOutcome[]> {
    const fresh = new Set<string>()
    for (const { topic } of batches) if (!known.has(topic)) fresh.add(topic)
    if (fresh.size === 0) return send(batches)
    const missing = await scout([...fresh])
    if (missing.size === 0) return send(batches)
    const sent = await send(batches.filter(({ topic }) => !missing.has(topic)))
    let next = 0
    return batches.map(({ topic }) => missing.get(topic) ?? sent[next++]!)
  }

  /** Looks for topics; those that are there become known. Returns the outcomes of the others. */
  async function scout(topics: readonly string[]): Promise<Map<string, ProduceOutcome>> {
    const missing = new Map<string, ProduceOutcome>()
    const scouting = open()
    const admin = scouting.kafka.admin({ retry: { ...QUICK_RETRY, retries: 0 } })
    const look = async (some: readonly string[]) => {
      try {
        await admin.fetchTopicMetadata({ topics: [...some] })
        for (const topic of some) known.add(topic)
      } catch (error) {
        // The error is that of one of them; alone, each gets its own.
        if (some.length > 1) for (const topic of some) await look([topic])
        else missing.set(some[0]!, outcomeOfUnsent(rootOf(error), true))
      }
    }
    try {
      await admin.connect()
      await look(topics)
    } catch (error) {
      for (const topic of topics) missing.set(topic, outcomeOfUnsent(rootOf(error), false))
    }
    void admin
      .disconnect()
      .catch(() => {})
      .finally(scouting.destroy)
    return missing
  }

  /** The batches of topics that are known. */
  async function send(batches: readonly ProduceBatch[]): Promise<ProduceOutcome[]> {
    if (batches.length === 0) return []
    session ??= createSession(open)
    const mine = session
    mine.calls++
    try {
      const leaders = await mine.findLeaders(batches)
      const outcomes = new Map<ProduceBatch, ProduceOutcome>()
      const byLeader = Map.groupBy(batches, (_, index) => leaders[index]!)
      await Promise.all(
        Array.from(byLeader, async ([leader, led]) => {
          const sent = await sendTo(mine, leader, led)
          for (const [index, batch] of led.entries()) outcomes.set(batch, sent[index]!)
        }),
      )
      return batches.map((batch) => outcomes.get(batch)!)
    } catch (error) {
      const fault = rootOf(error)
      replace(mine)
      // A broker's error before anything was sent is about a topic of the session, not always about one of these.
      if (fault.type !== undefined) known.clear()
      return batches.map(() => outcomeOfUnsent(fault, batches.length === 1))
    } finally {
      mine.calls--
      void mine.leaveWhenIdle()
    }
  }

  async function sendTo(
    mine: Session,
    leader: number,
    batches: readonly ProduceBatch[],
  ): Promise<ProduceOutcome[]> {
    const alone = batches.length === 1
    if (leader === NO_LEADER) {
      replace(mine)
      return batches.map(() => outcomeOfCode(LEADER_NOT_AVAILABLE))
    }
    let begun = false
    try {
      const broker = await mine.cluster.findBroker({ nodeId: leader })
      const now = Date.now()
      const encoded = batches.map(({ topic, partition, records }) => ({
        topic,
        partition,
        recordBatch: encodeRecordBatch(records, now),
      }))
      const request = encodeProduceRequest(encoded, options.requestTimeoutMs)
      begun = true
      return judge(
        mine,
        batches,
        await broker.connectionPool.send(callOf(PRODUCE, request, readProduceAnswer)),
      )
    } catch (error) {
      replace(mine)
      const fault = rootOf(error)
      return batches.map(() => (begun ? outcomeOfUnanswered(fault, alone) : outcomeOfUnsent(fault, alone)))
    }
  }

  /** What the answer does not name was not confirmed. */
  function judge(
    mine: Session,
    batches: readonly ProduceBatch[],
    { partitions }: ProduceAnswer,
  ): ProduceOutcome[] {
    const codes = new Map(partitions.map((one) => [placeOf(one), one.error]))
    return batches.map((batch) => {
      const code = codes.get(placeOf(batch))
      if (code === undefined)
        return { status: 'unknown', detail: `Kafka's answer does not cover ${placeOf(batch)}.` }
      if (makesStale(code)) {
        known.delete(batch.topic)
        replace(mine)
      }
      return outcomeOfCode(code)
    })
  }

  function replace(old: Session): void {
    if (session === old) session = undefined
    old.retired = true
  }

  return {
    async produce(batches) {
      if (closed) return batches.map(() => CLOSED)
      const call = produce(batches)
      calls.add(call)
      try {
        return await call
      } finally {
        calls.delete(call)
      }
    },
    async close() {
      closed = true
      await Promise.allSettled(calls)
      if (session) {
        const last = session
        replace(last)
        await last.leaveWhenIdle()
      }
    },
  }
}

const CLOSED: ProduceOutcome = Object.freeze({
  status: 'failed',
  reason: 'unavailable',
  retriable: false,
  detail: 'The producer is closed.',
})

type Session = {
  readonly cluster: KafkaJsCluster
  calls: number
  retired: boolean
  /** The leader of each batch's partition, or NO_LEADER. Connects first, and looks at the cluster when it must. */
  findLeaders(batches: readonly TopicPartition[]): Promise<readonly number[]>
  leaveWhenIdle(): Promise<void>
}

function createSession(open: () => KafkaJs): Session {
  const { kafka, destroy } = open()
  const producer = kafka.producer({
    idempotent: false,
    retry: { ...QUICK_RETRY, retries: 0 },
    allowAutoTopicCreation: false,
    metadataMaxAge: METADATA_MAX_AGE_MS,
  }) as ClusterProducer
  const { cluster } = producer
  const targets = new Set<string>()
  const leaders = new Map<string, number>()
  let connecting: Promise<void> | undefined
  let lookedAt = Number.NEGATIVE_INFINITY

  async function look(topics: readonly string[]): Promise<void> {
    const fresh = topics.filter((topic) => !targets.has(topic))
    if (fresh.length > 0) await cluster.addMultipleTargetTopics(fresh)
    for (const topic of fresh) targets.add(topic)
    await cluster.refreshMetadataIfNecessary()
    leaders.clear()
    lookedAt = performance.now()
  }

  const session: Session = {
    cluster,
    calls: 0,
    retired: false,
    async findLeaders(batches) {
      connecting ??= producer.connect()
      await connecting
      const isOld = performance.now() - lookedAt > METADATA_MAX_AGE_MS
      if (isOld || batches.some(({ topic }) => !targets.has(topic)))
        await look(batches.map(({ topic }) => topic))
      return batches.map((batch) => {
        const place = placeOf(batch)
        let leader = leaders.get(place)
        if (leader === undefined) {
          leader = leaderOf(cluster, batch.topic, batch.partition)
          leaders.set(place, leader)
        }
        return leader
      })
    },
    async leaveWhenIdle() {
      if (!session.retired || session.calls > 0) return
      await producer.disconnect().catch(() => {})
      destroy()
    },
  }
  return session
}

const METADATA_MAX_AGE_MS = 60_000
const LEADER_NOT_AVAILABLE = 5
