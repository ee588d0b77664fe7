import type { ProduceBatch, ProduceOutcome, Producer } from '@sluice/kafka'
import { type Cluster, soon } from './cluster.ts'
import type { ProduceFaults } from './produce-faults.ts'
import { batchBytes } from './topic-log.ts'

/** Stores and answers a turn of the event loop after the call, or when a hold is released. */
export function createMemoryProducer(cluster: Cluster, faults: ProduceFaults): Producer {
  const inFlight = new Set<Promise<unknown>>()
  let closed = false

  return {
    async produce(batches) {
      const outcomes = Promise.all(batches.map(send))
      inFlight.add(outcomes)
      await outcomes
      inFlight.delete(outcomes)
      return outcomes
    },
    async close() {
      closed = true
      await Promise.all(inFlight)
    },
  }

  async function send(batch: ProduceBatch): Promise<ProduceOutcome> {
    if (closed) return failed('unavailable', false, 'The producer is closed.')
    await new Promise<void>(soon)
    const fault = await faults.meet(batch)
    if (fault === 'unknown-not-stored') return unknown()
    if (typeof fault === 'object') return fault
    const outcome = store(batch)
    return fault === 'unknown-stored' ? unknown() : outcome
  }

  function store(batch: ProduceBatch): ProduceOutcome {
    if (cluster.isDown())
      return { ...failed('unavailable', true, 'The memory broker is down.'), unreached: true }
    const topic = cluster.topics.get(batch.topic)
    if (topic?.partitions[batch.partition] === undefined) {
      return failed('unknown-topic', true, `There is no ${batch.topic} ${batch.partition}.`)
    }
    const limit = Number(topic.config['max.message.bytes'] ?? cluster.defaultMaxBytes)
    const bytes = batchBytes(batch.records)
    if (bytes > limit) return failed('too-large', false, `${bytes} bytes are more than ${limit}.`)
    cluster.store(batch, batch.records)
    return { status: 'stored' }
  }
}

function unknown(): ProduceOutcome {
  return { status: 'unknown', detail: 'The memory broker did not say.' }
}

type Failure = Extract<ProduceOutcome, { status: 'failed' }>

function failed(reason: Failure['reason'], retriable: boolean, detail: string): Failure {
  return { status: 'failed', reason, retriable, detail }
}
