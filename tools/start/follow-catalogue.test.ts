import { expect, it } from 'vitest'
import { followCatalogue } from './follow-catalogue.ts'
import type { ProcessPlan } from './processes.ts'

const at = (name: string, port: number) => ({ name, admin: `http://127.0.0.1:${port}` })
const plan = (name: string, port: number): ProcessPlan => ({
  ...at(name, port),
  script: 'main.ts',
  readyBy: 'admin',
  env: { ADMIN_PORT: String(port), KAFKA_BROKERS: 'k:1' },
})

it('leaves alone what runs and is planned', () => {
  expect(followCatalogue([at('a', 1), at('b', 2)], [plan('a', 1), plan('b', 2)])).toEqual({
    joining: [],
    leaving: [],
  })
})

it('gives what joins the first port behind all of them, also where the catalogue has it between others', () => {
  const { joining } = followCatalogue(
    [at('a', 9081), at('b', 9082)],
    [plan('a', 9081), plan('new', 9082), plan('b', 9083), plan('newer', 9084)],
  )
  expect(joining.map(({ name, admin, env }) => [name, admin, env])).toEqual([
    ['new', 'http://127.0.0.1:9083', { ADMIN_PORT: '9083', KAFKA_BROKERS: 'k:1' }],
    ['newer', 'http://127.0.0.1:9084', { ADMIN_PORT: '9084', KAFKA_BROKERS: 'k:1' }],
  ])
})

it('lets go of what is not planned any more', () => {
  expect(followCatalogue([at('a', 1), at('b', 2)], [plan('b', 1)])).toEqual({ joining: [], leaving: ['a'] })
})

it('begins at the port that a start would give where nothing runs', () => {
  expect(followCatalogue([], [plan('a', 9081)]).joining[0]!.admin).toBe('http://127.0.0.1:9081')
})
