import { expect, it } from 'vitest'
import { parseFaultOptions } from './options.ts'
import { rigScenarios } from './scenarios/scenarios.ts'

const parse = (...args: string[]) => parseFaultOptions(args, () => 42)

it('runs everything once with a seed of its own', () => {
  expect(parse()).toEqual({
    scenarios: ['schedules', ...rigScenarios.map(({ name }) => name)],
    seed: 42,
    repeat: 1,
    load: 1,
    json: false,
  })
})

it('takes the scenarios, the seed, the number of runs and the load', () => {
  const given = parse('--scenario', 'poison,stalled', '--seed', '7', '--repeat', '3', '--load', '4', '--json')
  expect(given).toEqual({ scenarios: ['poison', 'stalled'], seed: 7, repeat: 3, load: 4, json: true })
})

it.each([
  [['--scenario', 'posion'], 'There is no scenario "posion"; there are schedules, gateway-killed'],
  [['--seed', 'x'], '--seed must be a whole number from 0'],
  [['--load', '0.5'], '--load must be a whole number from 1'],
  [['--repeat', '0'], '--repeat must be a whole number from 1'],
  [['--sed', '1'], '--help lists the options'],
])('says what is wrong with %j', (args, message) => {
  expect(() => parse(...args)).toThrow(message)
})
