import { join } from 'node:path'
import type { Progress } from './report/progress.ts'
import { runOnce } from './run-once.ts'
import { scenarios } from './scenarios.ts'
import { type BenchBroker, startBroker } from './systems/broker.ts'
import { startSluiceAt } from './systems/sluice.ts'

export type WarmBrokerOrder = {
  /** How long the broker is under load before anything is measured. */
  readonly brokerWarmupSeconds: number
  readonly root: string
  readonly workDir: string
  readonly onStep: Progress['step']
  readonly signal: AbortSignal
}

/**
 * One Kafka for all runs, after the load of a whole run of Sluice that nobody counts. A young JVM needs four times
 * the CPU for an event: 43 µs after twelve seconds of load, 11 after forty-five. Were each run's Kafka young, that
 * would be in all figures, and more in those of what ran first.
 */
export async function startWarmBroker(order: WarmBrokerOrder): Promise<BenchBroker> {
  const { brokerWarmupSeconds, root, workDir, onStep, signal } = order
  onStep('starting it')
  const broker = await startBroker()
  try {
    signal.throwIfAborted()
    if (brokerWarmupSeconds > 0) {
      const { failed } = await runOnce({
        scenario: scenarios.A,
        system: 'Sluice',
        start: startSluiceAt(root),
        broker,
        run: 0,
        // The warm-up of a run begins anew when a backlog ended it; the measured part would not.
        warmupSeconds: brokerWarmupSeconds,
        seconds: 1,
        replicas: 1,
        logDir: join(workDir, 'logs', 'kafka-warm-up'),
        onStep,
        signal,
      })
      if (failed !== undefined) throw new Error(`Kafka was not warmed as it should: ${failed}`)
    }
    return broker
  } catch (error) {
    await broker.stop()
    throw error
  }
}
