import type { ProduceOutcome, TopicPartition } from '@sluice/kafka'

/**
 * What is to go wrong with a batch: a certain failure, or an outcome that the sender cannot know, where the
 * records were stored all the same or were not.
 */
export type ProduceFault =
  | Extract<ProduceOutcome, { status: 'failed' }>
  | 'unknown-stored'
  | 'unknown-not-stored'

/** A produce that waits. */
export type Hold = {
  /** How many batches wait now. */
  waiting(): number
  /** Lets them go on, with a fault if given. Later batches do not wait. */
  release(fault?: ProduceFault): void
}

export type ProduceFaults = {
  next(at: TopicPartition, count: number, fault: ProduceFault): void
  hold(topic: string, partition?: number): Hold
  /** Waits while the partition is held; says what is to go wrong with this batch, if anything. */
  meet(at: TopicPartition): Promise<ProduceFault | undefined>
}

export function createProduceFaults(): ProduceFaults {
  const planned: { at: TopicPartition; left: number; fault: ProduceFault }[] = []
  const gates: {
    topic: string
    partition: number | undefined
    opened: Promise<ProduceFault | undefined>
    count: number
  }[] = []

  return {
    next(at, count, fault) {
      planned.push({ at, left: count, fault })
    },
    hold(topic, partition) {
      const { promise: opened, resolve: open } = Promise.withResolvers<ProduceFault | undefined>()
      const gate = { topic, partition, opened, count: 0 }
      gates.push(gate)
      return {
        waiting: () => gate.count,
        release(fault) {
          const place = gates.indexOf(gate)
          if (place >= 0) gates.splice(place, 1)
          open(fault)
        },
      }
    },
    async meet(at) {
      const gate = gates.find(
        (one) => one.topic === at.topic && (one.partition ?? at.partition) === at.partition,
      )
      if (gate) {
        gate.count += 1
        const fault = await gate.opened
        gate.count -= 1
        if (fault) return fault
      }
      const plan = planned.find(
        (one) => one.left > 0 && one.at.topic === at.topic && one.at.partition === at.partition,
      )
      if (plan) plan.left -= 1
      return plan?.fault
    },
  }
}
