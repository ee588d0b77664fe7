import { setTimeout as delay } from 'node:timers/promises'
import {
  type Admin,
  AssignerProtocol,
  type Consumer as KafkaJsClientConsumer,
  type PartitionAssigner,
} from 'kafkajs'
import { assignCoPartitions } from './co-partition-assigner.ts'
import { KafkaError } from './errors.ts'
import { groupByTopic, type KafkaJsCluster } from './kafkajs-call.ts'
import { type KafkaJs, type KafkaLog, QUICK_RETRY } from './kafkajs-connect.ts'
import {
  detailOf,
  isAuthenticationFailure,
  isFatal,
  type KafkaJsFault,
  rootOf,
  toKafkaError,
} from './kafkajs-errors.ts'
import { type Fetcher, startFetcher } from './kafkajs-fetcher.ts'
import { placeOf } from './partition.ts'
import type {
  AssignedPartition,
  Consumer,
  ConsumerListener,
  ConsumerOptions,
  PartitionOffset,
  TopicPartition,
} from './port.ts'
import { within } from './within.ts'

/**
 * A group member that outlives its connections. It lives through attempts: each is a kafkajs consumer of its
 * own, which joins, fetches and ends in one of three ways.
 *
 *     attempt ── joined ──▶ assigned ⇄ rebalancing          (the same attempt, a new epoch each time)
 *        ▲                     │
 *        └── after a delay ◀───┴── crashed, passing         (Kafka away, coordinator moved, …)
 *                              └── crashed, fatal ──▶ listener.crashed
 *
 * Between joined and assigned it asks where the partitions stand; they are paused meanwhile, so that nothing is
 * fetched before the owner has had its chance to seek, and the member goes on sending heartbeats.
 *
 * kafkajs could restart itself, but a consumer that is closed while it restarts goes on for ever, and after an
 * outage it waits up to half a minute. A dead attempt can neither call back (`live`) nor connect again.
 *
 * kafkajs keeps the membership and the connections. It fetches nothing: all that it was assigned stays paused for it,
 * and is fetched by us ({@link startFetcher}), because a loop of its own costs several times what the records do.
 */
export function createKafkaJsConsumer(
  open: () => KafkaJs,
  options: ConsumerOptions,
  log?: KafkaLog,
): Consumer {
  const { group, topics, sessionTimeoutMs } = options
  const joined = Promise.withResolvers<void>()
  let listener: ConsumerListener | undefined
  let current: Attempt | undefined
  let epoch = 0
  let failures = 0
  let closed = false
  let retry: NodeJS.Timeout | undefined

  function begin(): void {
    const { kafka, cut, destroy } = open()
    const admin = kafka.admin({ retry: { ...QUICK_RETRY, retries: 3 } })
    const consumer = kafka.consumer({
      groupId: group,
      partitionAssigners: [coPartitionAssigner],
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: sessionTimeoutMs,
      heartbeatInterval: Math.min(1000, Math.floor(sessionTimeoutMs / 4)),
      metadataMaxAge: 60_000,
      allowAutoTopicCreation: false,
      // With everything paused: how often it looks whether a heartbeat is due.
      maxWaitTimeInMs: 100,
      retry: { ...QUICK_RETRY, retries: RETRIES, restartOnFailure: async () => false },
    }) as GroupConsumer
    const attempt: Attempt = {
      consumer,
      admin,
      destroy,
      owned: new Map(),
      live: true,
      fetcher: undefined,
      joins: 0,
      running: Promise.resolve(),
    }
    current = attempt
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => join(attempt, payload.memberAssignment))
    consumer.on(consumer.events.REBALANCING, () => revoke(attempt))
    // kafkajs would send the next request down the same connection, which may be dead.
    consumer.on(consumer.events.REQUEST_TIMEOUT, ({ payload }) => cut(payload.broker))
    consumer.on(consumer.events.CRASH, ({ payload }) => end(attempt, payload.error))
    attempt.running = run(attempt)
  }

  async function run(attempt: Attempt): Promise<void> {
    const { consumer } = attempt
    try {
      await consumer.connect()
      await consumer.subscribe({ topics: [...topics], fromBeginning: true })
      await consumer.run({
        autoCommit: false,
        eachBatch: async () => {},
      })
    } catch (error) {
      end(attempt, error)
    }
  }

  function join(attempt: Attempt, assignment: Record<string, number[]>): void {
    if (!attempt.live) return
    revoke(attempt)
    attempt.owned = new Map()
    for (const [topic, partitions] of Object.entries(assignment)) {
      for (const partition of partitions)
        attempt.owned.set(placeOf({ topic, partition }), { topic, partition })
    }
    const owned = [...attempt.owned.values()]
    attempt.consumer.pause(groupByTopic(owned, (at) => at.partition))
    void assign(attempt, owned)
  }

  /** Ends without a word when another join, or the end of the attempt, has overtaken it. */
  async function assign(attempt: Attempt, owned: readonly TopicPartition[]): Promise<void> {
    const join = ++attempt.joins
    const overtaken = () => !attempt.live || attempt.joins !== join
    let standing: AssignedPartition[] | undefined
    for (let tries = 1; standing === undefined; tries++) {
      try {
        standing = await lookUp(attempt.admin, group, owned)
      } catch (error) {
        if (overtaken()) return
        const fault = rootOf(error)
        if (isFatal(fault)) return crash(attempt, toCrash(group, fault, error))
        log?.('warn', 'the offsets of the group could not be read; tried again shortly', {
          group,
          tries,
          reason: detailOf(fault),
        })
        await delay(delayAfter(tries))
      }
      if (overtaken()) return
    }
    failures = 0
    epoch += 1
    attempt.fetcher = startFetcher({
      cluster: attempt.consumer.group()!.cluster,
      urgent: topics.length > 1 ? topics[0] : undefined,
      positions: standing.map(({ topic, partition, committed, low }) => ({
        topic,
        partition,
        offset: committed === -1 ? low : committed,
      })),
      records: (...found) => call(attempt, () => listener!.records(...found)),
      failed: (error) => (error instanceof KafkaError ? crash(attempt, error) : end(attempt, error)),
      log,
    })
    call(attempt, () => listener!.assigned(standing, epoch))
    joined.resolve()
  }

  function revoke(attempt: Attempt): void {
    attempt.joins++
    if (!attempt.live || !attempt.fetcher) return
    attempt.fetcher.stop()
    attempt.fetcher = undefined
    call(attempt, () => listener!.revoked())
  }

  /** An owner that throws has a bug, and must not look like a Kafka that is away. */
  function call(attempt: Attempt, callback: () => void): void {
    try {
      callback()
    } catch (error) {
      crash(attempt, new KafkaError('consumer-crashed', "The consumer's owner threw.", { cause: error }))
    }
  }

  function end(attempt: Attempt, error: unknown): void {
    if (!attempt.live) return
    const fault = rootOf(error)
    failures += 1
    const hopeless = isAuthenticationFailure(fault) ? failures > AUTHENTICATION_TRIES : isFatal(fault)
    if (hopeless) {
      crash(attempt, toCrash(group, fault, error))
      return
    }
    revoke(attempt)
    abandon(attempt)
    const delayMs = delayAfter(failures)
    log?.('warn', 'the consumer lost Kafka and joins again', { group, delayMs, reason: detailOf(fault) })
    retry = setTimeout(begin, delayMs)
  }

  function crash(attempt: Attempt, error: KafkaError): void {
    if (!attempt.live) return
    abandon(attempt)
    closed = true
    joined.resolve()
    listener!.crashed(error)
  }

  function abandon(attempt: Attempt): void {
    attempt.live = false
    attempt.fetcher?.stop()
    current = undefined
    // First in peace: a member that says goodbye is missed at once, one that vanishes after its session.
    void attempt.consumer
      .disconnect()
      .catch(() => {})
      .finally(attempt.destroy)
  }

  async function commit(offsets: readonly PartitionOffset[]): Promise<void> {
    if (offsets.length === 0) return
    const attempt = current
    if (!attempt?.live || !offsets.every((offset) => attempt.owned.has(placeOf(offset)))) {
      throw new KafkaError('commit-refused', `Group ${group}: a partition is no longer this member's.`)
    }
    const list = {
      topics: groupByTopic(offsets, ({ partition, offset }) => ({ partition, offset: String(offset) })),
    }
    try {
      // Straight to the coordinator, once. kafkajs' own commitOffsets resolves without a commit when it is
      // stopping, and tries again in a later generation what this one was refused.
      await attempt.consumer.group()!.commitOffsets(list)
    } catch (error) {
      throw toKafkaError(`Group ${group}: offsets could not be committed`, error, 'commit-refused')
    }
    if (!attempt.live)
      throw new KafkaError('commit-refused', `Group ${group}: the membership ended meanwhile.`)
  }

  return {
    async start(owner) {
      if (listener) throw new TypeError('This consumer was started before.')
      listener = owner
      if (!closed) begin()
      await joined.promise
    },
    pause: (partitions) => current?.fetcher?.pause(partitions),
    resume: (partitions) => current?.fetcher?.resume(partitions),
    seek: (position) => current?.fetcher?.seek(position),
    commit,
    async close(timeoutMs) {
      closed = true
      clearTimeout(retry)
      joined.resolve()
      const attempt = current
      if (!attempt) return
      attempt.live = false
      attempt.fetcher?.stop()
      current = undefined
      // A stop during a join does nothing in kafkajs, so the join comes first; a rebalance may hang: the deadline.
      const left = attempt.running.then(() => attempt.consumer.disconnect()).catch(() => {})
      await within(timeoutMs, left)
      attempt.destroy()
    },
  }
}

/**
 * About a minute, in which a member waits for Kafka to come back and then goes on where it was, without a
 * rebalance. One that gives up joins as a stranger, and waits until its former self has timed out.
 */
const RETRIES = 60

/** A broker that restarts may refuse credentials for a moment. */
const AUTHENTICATION_TRIES = 10

/** Where the partitions stand. On a connection of its own, which lives no longer: assignments are rare. */
async function lookUp(
  admin: Admin,
  groupId: string,
  owned: readonly TopicPartition[],
): Promise<AssignedPartition[]> {
  if (owned.length === 0) return []
  const topics = [...new Set(owned.map(({ topic }) => topic))]
  await admin.connect()
  try {
    const [committed, ...bounds] = await Promise.all([
      admin.fetchOffsets({ groupId, topics }),
      ...topics.map((topic) => admin.fetchTopicOffsets(topic)),
    ])
    return owned.map(({ topic, partition }) => {
      const found = committed.find((of) => of.topic === topic)?.partitions
      const offset = found?.find((of) => of.partition === partition)?.offset ?? -1
      const bound = bounds[topics.indexOf(topic)]?.find((of) => of.partition === partition)
      if (!bound) throw new Error(`Kafka did not say where ${topic} ${partition} begins and ends.`)
      return {
        topic,
        partition,
        // kafkajs commits -2, which is the start of the log, where it lost its place.
        committed: Math.max(-1, Number(offset)),
        low: Number(bound.low),
        high: Number(bound.high),
      }
    })
  } finally {
    await admin.disconnect().catch(() => {})
  }
}

type Attempt = {
  readonly consumer: GroupConsumer
  readonly admin: Admin
  readonly destroy: () => void
  /** Kept after a revocation: the group decides whether a last commit is still allowed. */
  owned: Map<string, TopicPartition>
  /** False when it has ended; it may not call back any more. */
  live: boolean
  /** While its epoch goes on. */
  fetcher: Fetcher | undefined
  /** Counts joins and revocations, so that an answer that comes too late is known to. */
  joins: number
  /** Settles when it has joined or failed. */
  running: Promise<void>
}

/** The patched kafkajs lets its group be seen, while there is one. */
type GroupConsumer = KafkaJsClientConsumer & {
  group(): { readonly cluster: KafkaJsCluster; commitOffsets(offsets: object): Promise<void> } | null
}

const coPartitionAssigner: PartitionAssigner = ({ cluster }) => ({
  name: 'sluice-co-partition',
  version: 1,
  async assign({ members, topics }) {
    const readers = members.map(({ memberId, memberMetadata }) => ({
      memberId,
      topics: AssignerProtocol.MemberMetadata.decode(memberMetadata)?.topics ?? topics,
    }))
    const partitionsOf = new Map(
      topics.map((topic) => [
        topic,
        cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => partitionId),
      ]),
    )
    return Array.from(assignCoPartitions(readers, partitionsOf), ([memberId, assignment]) => ({
      memberId,
      memberAssignment: AssignerProtocol.MemberAssignment.encode({
        version: 1,
        assignment,
        userData: Buffer.alloc(0),
      }),
    }))
  },
  protocol({ topics }) {
    const metadata = AssignerProtocol.MemberMetadata.encode({ version: 1, topics, userData: Buffer.alloc(0) })
    return { name: 'sluice-co-partition', metadata }
  },
})

/** Milliseconds before the next try, doubled with each. */
function delayAfter(tries: number): number {
  return Math.min(QUICK_RETRY.maxRetryTime, QUICK_RETRY.initialRetryTime * 2 ** (tries - 1))
}

function toCrash(group: string, fault: KafkaJsFault, cause: unknown): KafkaError {
  return new KafkaError('consumer-crashed', `Group ${group} cannot go on: ${detailOf(fault)}.`, { cause })
}
