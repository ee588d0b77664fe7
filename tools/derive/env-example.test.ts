import { parseEnv } from 'node:util'
import { expect, test } from 'vitest'
import { envExample } from './env-example.ts'

const shared = [
  { variable: 'BROKERS', description: 'Where the brokers are.', required: true },
  { variable: 'PASSWORD', description: 'The password.', required: false },
]
const wait = { variable: 'WAIT_MS', description: 'How long.', required: false, default: '5' }
const port = { variable: 'PORT', description: 'Where.', required: false, default: '80' }
const processes = [
  { name: 'gateway', settings: [...shared, port] },
  { name: 'one', settings: [...shared, { ...wait }] },
  { name: 'two', settings: [...shared, { ...wait }] },
]

test('a shared variable stands once, under those that have it', () => {
  const [, ...sections] = envExample(processes).split('# ── ')
  expect(sections).toEqual([
    'Every process\n\n# Where the brokers are. Required.\nBROKERS=\n\n# The password.\n# PASSWORD=\n\n',
    'one, two\n\n# How long.\n# WAIT_MS=5\n\n',
    'gateway\n\n# Where.\n# PORT=80\n',
  ])
})

test('only what is required is set', () => {
  expect(parseEnv(envExample(processes))).toEqual({ BROKERS: '' })
})

test('one name with two defaults stands under each of its processes', () => {
  const text = envExample([...processes, { name: 'three', settings: [{ ...port, default: '90' }] }])
  expect(text).toContain('gateway\n\n# Where.\n# PORT=80\n')
  expect(text).toContain('three\n\n# Where.\n# PORT=90\n')
})
