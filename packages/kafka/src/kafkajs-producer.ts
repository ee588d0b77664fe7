import type { Producer as KafkaJsProducer, Message, RecordMetadata } from 'kafkajs'
import type { KafkaJs } from './kafkajs-connect.ts'
import { QUICK_RETRY } from './kafkajs-connect.ts'
import {
  type AnsweredTopic,
  makesStale,
  outcomeOfCode,
  outcomeOfUnanswered,
  outcomeOfUnsent,
  rootOf,
} from './kafkajs-errors.ts'
import type { ProduceBatch, ProduceOutcome, Producer } from './port.ts'
import { encodeRecordBatch } from './record-batch.ts'

/**
 * A producer of one attempt per call, without idempotence: kafkajs' own has lost and doubled records.
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

  async function send(batches: readonly ProduceBatch[]): Promise<ProduceOutcome[]> {
    if (batches.length === 0) return []
    session ??= createSession(open)
    const mine = session
    mine.calls++
    try {
      await mine.connect()
      const metadata = await mine.producer.sendBatch({
        acks: -1,
        timeout: options.requestTimeoutMs,
        topicMessages: toTopicMessages(batches),
      })
      return outcomesOf(batches, metadata)
    } catch (error) {
      return judge(mine, batches, error)
    } finally {
      mine.calls--
      void mine.leaveWhenIdle()
    }
  }

  function judge(mine: Session, batches: readonly ProduceBatch[], error: unknown): ProduceOutcome[] {
    const fault = rootOf(error)
    const alone = batches.length === 1
    if (fault.topics) {
      const codes = codesOf(fault.topics)
      const outcomes = batches.map((batch) => {
        const code = codes.get(placeOf(batch))
        return code === undefined ? outcomeOfUnanswered(fault, alone) : outcomeOfCode(code)
      })
      for (const { topic, partition } of batches)
        if (makesStale(codes.get(placeOf({ topic, partition })) ?? 0)) known.delete(topic)
      if ([...codes.values()].some(makesStale)) replace(mine)
      return outcomes
    }
    replace(mine)
    if (fault.produceBegun) return batches.map(() => outcomeOfUnanswered(fault, alone))
    // A broker's error before anything was sent is about a topic of the session, not always about one of these.
    if (fault.type !== undefined) known.clear()
    return batches.map(() => outcomeOfUnsent(fault, alone))
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
  readonly producer: KafkaJsProducer
  calls: number
  retired: boolean
  connect(): Promise<void>
  leaveWhenIdle(): Promise<void>
}

function createSession(open: () => KafkaJs): Session {
  const { kafka, destroy } = open()
  const producer = kafka.producer({
    idempotent: false,
    retry: { ...QUICK_RETRY, retries: 0 },
    allowAutoTopicCreation: false,
    metadataMaxAge: 60_000,
    createPartitioner: () => partitionOfMessage,
  })
  let connecting: Promise<void> | undefined
  const session: Session = {
    producer,
    calls: 0,
    retired: false,
    connect: () => {
      connecting ??= producer.connect()
      return connecting
    },
    async leaveWhenIdle() {
      if (!session.retired || session.calls > 0) return
      await producer.disconnect().catch(() => {})
      destroy()
    },
  }
  return session
}

/** kafkajs asks for each message; we have always decided. */
function partitionOfMessage({ message }: { message: Message }): number {
  return message.partition!
}

/** One message per partition, which the patched kafkajs passes on as it is. */
function toTopicMessages(batches: readonly ProduceBatch[]): { topic: string; messages: Message[] }[] {
  const now = Date.now()
  const byTopic = new Map<string, Message[]>()
  for (const { topic, partition, records } of batches) {
    const message = { partition, value: null, recordBatch: encodeRecordBatch(records, now) }
    const messages = byTopic.get(topic)
    if (messages) messages.push(message)
    else byTopic.set(topic, [message])
  }
  return Array.from(byTopic, ([topic, messages]) => ({ topic, messages }))
}

/**
 * kafkajs resolves although it has left partitions out: those that it did not find in the cluster, and those
 * that moved while it tried. What the answer does not name was not confirmed.
 */
function outcomesOf(batches: readonly ProduceBatch[], metadata: readonly RecordMetadata[]): ProduceOutcome[] {
  const confirmed = new Map<string, number>()
  for (const { topicName, partition, errorCode } of metadata)
    confirmed.set(`${topicName}/${partition}`, errorCode)
  return batches.map((batch) => {
    const code = confirmed.get(placeOf(batch))
    if (code !== undefined) return outcomeOfCode(code)
    return { status: 'unknown', detail: `Kafka's answer does not cover ${placeOf(batch)}.` }
  })
}

function codesOf(topics: readonly AnsweredTopic[]): Map<string, number> {
  const codes = new Map<string, number>()
  for (const { topicName, partitions } of topics) {
    for (const { partition, errorCode } of partitions) codes.set(`${topicName}/${partition}`, errorCode)
  }
  return codes
}

function placeOf({ topic, partition }: { topic: string; partition: number }): string {
  return `${topic}/${partition}`
}
