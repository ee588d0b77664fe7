import { expect, test } from 'vitest'
import { planSteps } from './plan.ts'

const titles = (options: Partial<Parameters<typeof planSteps>[0]>) =>
  planSteps({
    scenarios: ['A', 'D'],
    systems: ['sluice', 'monolith'],
    replicas: [1],
    runs: 1,
    ...options,
  }).map(({ title }) => title)

test('everything is run once before anything is run again', () => {
  expect(titles({ runs: 2, scenarios: ['A'] })).toEqual([
    'A sluice run 1',
    'A monolith run 1',
    'A sluice run 2',
    'A monolith run 2',
  ])
})

test('only Sluice, and only under A, is run in more than the first size', () => {
  expect(titles({ replicas: [1, 2, 3] })).toEqual([
    'A sluice run 1',
    'A sluice × 2 run 1',
    'A sluice × 3 run 1',
    'A monolith run 1',
    'D sluice run 1',
    'D monolith run 1',
  ])
  expect(titles({ replicas: [2], scenarios: ['D'] })).toEqual(['D sluice × 2 run 1', 'D monolith run 1'])
})

test("the limits are Kafka's producer, and a server wherever nothing has to come out", () => {
  expect(titles({ systems: ['limits'] })).toEqual(['A no-op HTTP run 1', "Kafka's producer run 1"])
})
