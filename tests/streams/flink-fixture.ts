import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { catalogue } from '@sluice/events'
import { createKafkaJsClient } from '@sluice/kafka'
import {
  createPlannedTopics,
  type LocalFlink,
  type LocalFlinkOptions,
  resolveFlinkJars,
  startLocalFlink,
} from '@sluice/testing'

/** Flink with some jobs, on a folder that is thrown away in the end. It can be killed and started again. */
export type FlinkFixture = {
  readonly flink: LocalFlink
  /** How many records a job has read, could not read, and dropped as late, since it was last started. */
  counts(job: string): ReturnType<LocalFlink['jobs'][number]['monitor']['counts']>
  killAndRestart(): Promise<void>
  stop(): Promise<void>
}

export type FlinkFixtureOptions = Pick<LocalFlinkOptions, 'jobs' | 'jobsDir' | 'settings'> & {
  /** Where jobs reach Kafka, if not where the topics are made. */
  readonly jobBrokers?: string
}

export async function startFlink(
  brokers: string,
  { jobBrokers = brokers, ...options }: FlinkFixtureOptions = {},
): Promise<FlinkFixture> {
  const client = createKafkaJsClient({
    ...{ brokers: brokers.split(','), clientId: 'streams-test' },
    ...{ connectTimeoutMs: 3000, requestTimeoutMs: 10_000 },
  })
  await createPlannedTopics(client, catalogue, { control: true })
  const dataDir = await mkdtemp(join(tmpdir(), 'sluice-flink-'))
  const libs = await resolveFlinkJars((line) => console.error(line))
  const lines: string[] = []
  const start = () =>
    startLocalFlink({
      ...{ libs, dataDir, brokers: jobBrokers, checkpointIntervalMs: 1000 },
      ...options,
      onLog: (line) => lines.push(line),
    })
  let flink = await start()
  return {
    get flink() {
      return flink
    },
    counts: (name) => flink.jobs.find((job) => job.name === name)!.monitor.counts(),
    async killAndRestart() {
      await flink.kill()
      flink = await start()
    },
    async stop() {
      await flink.stop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
