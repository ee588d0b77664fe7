import type { Lane } from '@sluice/events'
import type { Load } from './load/generator.ts'

export type ScenarioName = 'A' | 'B' | 'C' | 'D'

export type Scenario = {
  readonly name: ScenarioName
  readonly title: string
  readonly loads: readonly Load[]
  /**
   * The lanes whose outputs are read the moment they are there. Others are read in larger pieces, at most 20 ms
   * late: a thousand tiny fetches a second would cost the broker what is to be measured.
   */
  readonly prompt: readonly Lane[]
}

/** Fixed, so that figures of different versions compare. */
export const scenarios: Readonly<Record<ScenarioName, Scenario>> = {
  A: {
    name: 'A',
    title: 'batches of 100, closed loop over 32 connections',
    loads: [{ batchSize: 100, connections: 32 }],
    prompt: [],
  },
  B: {
    name: 'B',
    title: 'single events, closed loop over 64 connections',
    loads: [{ batchSize: 1, connections: 64 }],
    prompt: [],
  },
  C: {
    name: 'C',
    title: 'single events, open loop at 1,000 a second',
    loads: [{ batchSize: 1, connections: 64, perSecond: 1000 }],
    prompt: ['high', 'normal', 'low'],
  },
  D: {
    name: 'D',
    title: '50 high single events a second under a flood of low batches of 100',
    loads: [
      { type: 'payment-failed', batchSize: 1, connections: 16, perSecond: 50 },
      { type: 'page-viewed', batchSize: 100, connections: 4 },
    ],
    prompt: ['high'],
  },
}
