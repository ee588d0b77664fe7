import { expect, test } from 'vitest'
import { parseBenchOptions, UsageError } from './options.ts'

test('everything has a default', () => {
  expect(parseBenchOptions([])).toMatchObject({
    scenarios: ['A', 'B', 'C', 'D'],
    systems: ['sluice', 'monolith', 'limits'],
    seconds: 15,
    runs: 3,
    replicas: [1, 2, 3],
  })
})

test('a comparison is of one number of replicas', () => {
  expect(parseBenchOptions(['--compare', 'main'])).toMatchObject({ runs: 8, replicas: [1] })
  expect(() => parseBenchOptions(['--compare', 'main', '--replicas', '1,2'])).toThrow(UsageError)
})

test('lists are separated by commas, in any case', () => {
  expect(parseBenchOptions(['--scenario', 'a, D', '--system', 'sluice', '--seconds', '0.5'])).toMatchObject({
    scenarios: ['A', 'D'],
    systems: ['sluice'],
    seconds: 0.5,
  })
})

test.each([
  ['--scenario', 'E'],
  ['--system', 'kafka'],
  ['--seconds', '0'],
  ['--runs', '1.5'],
  ['--replicas', '1,0'],
  ['--fast'],
])('%s %s is a mistake of whoever typed it', (...args) => {
  expect(() => parseBenchOptions(args.filter((arg) => arg !== undefined))).toThrow(UsageError)
})
