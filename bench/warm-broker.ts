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
  const { brokerWarmupSeconds: seconds, root, workDir, onStep, signal } = order
  onStep('starting it')
  const broker = await startBroker()
  try {
    signal.throwIfAborted()
    if (seconds > 0) {
      await runOnce({
        scenario: scenarios.A,
        system: 'Sluice',
        start: startSluiceAt(root),
        broker,
        run: 0,
        seconds,
        warmupSeconds: 0,
        replicas: 1,
        logDir: join(workDir, 'logs', 'kafka-warm-up'),
        onStep,
        signal,
      })
    }
    return broker
  } catch (error) {
    await broker.stop()
    throw error
  }
}
