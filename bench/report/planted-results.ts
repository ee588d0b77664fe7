import type { BenchResults, RunResult } from './result.ts'

/** A run that never was, for tests. */
export function plantRun(changes: Partial<RunResult>): RunResult {
  return {
    scenario: 'A',
    system: 'sluice',
    run: 1,
    settings: {},
    seconds: 15,
    endedEarly: false,
    acceptedPerSecond: 1000,
    endToEndPerSecond: 900,
    drainedPerSecond: 950,
    drainSeconds: 1,
    accepted: 15_000,
    notStored: 0,
    unknown: 0,
    lost: 0,
    undrained: 0,
    doubled: 0,
    unasked: 0,
    answered: [{ load: 'x', answered: { count: 9, p50: 1, p90: 2, p99: 3, p999: 4, max: 5 } }],
    endToEnd: { high: { count: 9, p50: 10, p90: 20, p99: 30, p999: 40, max: 50 } },
    processes: [{ name: 'gateway', count: 1, cpuMicrosPerEvent: 11, peakMemoryMb: 120 }],
    ...changes,
  }
}

export function plantResults(runs: readonly RunResult[]): BenchResults {
  return {
    date: '2026-11-24T09:15:00.000Z',
    commit: '0123456789',
    dirty: true,
    command: 'npm run bench -- --runs 3',
    machine: {
      cpu: 'Some CPU <1>',
      cores: 2,
      memoryGb: 24,
      os: 'linux',
      node: 'v26',
      kafka: '4.3.1',
      brokerHeapMb: 512,
    },
    runs,
    producerLimits: [{ recordsPerSecond: 200_000, p50Ms: 1, p99Ms: 2 }],
  }
}
