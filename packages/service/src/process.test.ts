import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { endFixtures, spawnFixture } from '../test-fixtures/spawn-fixture.ts'

const ENV = { KAFKA_BROKERS: '127.0.0.1:1', ADMIN_PORT: '0' }

function start(env: Record<string, string> = {}, options?: { args?: string[]; ipc?: boolean }) {
  return spawnFixture('process.ts', { ...ENV, ...env }, options)
}

async function readiness(admin: string) {
  const response = await fetch(`${admin}/readyz`)
  return { status: response.status, body: await response.json() }
}

// A process takes seconds to start when the machine is busy.
vi.setConfig({ testTimeout: 30_000 })
afterEach(endFixtures)

test.each(['SIGTERM', 'SIGINT'] as const)('%s stops it with exit code 0', async (signal) => {
  const { child, exit, admin, output } = start()
  expect(await readiness(await admin())).toMatchObject({
    status: 200,
    body: { checks: [{ name: 'fixture' }] },
  })
  child.kill(signal)
  expect(await exit).toEqual({ code: 0, signal: null })
  expect(output.stdout).toContain('stop within 10000')
  expect(output.stdout).toContain(`"reason":"${signal}"`)
})

test('it is not ready while it drains, and a second signal neither hurries nor ends it', async () => {
  const { child, exit, admin, wrote, output } = start({ FIXTURE_DRAIN: 'yes' })
  const address = await admin()
  child.kill('SIGTERM')
  await wrote('draining')
  expect(await readiness(address)).toMatchObject({ status: 503, body: { checks: [{ name: 'stopping' }] } })
  child.kill('SIGTERM')
  await wrote('got a signal', 2)
  child.stdin!.write('go on\n')
  expect(await exit).toEqual({ code: 0, signal: null })
  expect(output.stdout).toContain('done draining')
  expect(output.stdout.split('stop within')).toHaveLength(2)
})

test('a stop that never ends is ended at the deadline with exit code 1', async () => {
  const { child, exit, admin, output } = start({ FIXTURE_STOP: 'never', SHUTDOWN_GRACE_MS: '100' })
  await admin()
  child.kill('SIGTERM')
  expect(await exit).toEqual({ code: 1, signal: null })
  expect(output.stdout).toContain('the grace period was not enough')
})

test('a stop that fails ends it with exit code 1, without waiting for the deadline', async () => {
  const { child, exit, admin, output } = start({ FIXTURE_STOP: 'throw', SHUTDOWN_GRACE_MS: '60000' })
  await admin()
  child.kill('SIGTERM')
  expect(await exit).toEqual({ code: 1, signal: null })
  expect(output.stdout).toContain('it cannot stop')
})

test('a signal while it starts stops it as soon as the start is through', async () => {
  const { child, exit, wrote, output } = start({ FIXTURE_START: 'slowly' })
  await wrote('starting')
  child.kill('SIGTERM')
  await wrote('"reason":"SIGTERM"')
  child.stdin!.write('go on\n')
  expect(await exit).toEqual({ code: 0, signal: null })
  expect(output.stdout).toContain('stop within')
})

test('the end of its parent is the end of it', async () => {
  const { child, exit, admin, output } = start({}, { ipc: true })
  await admin()
  child.disconnect()
  expect(await exit).toEqual({ code: 0, signal: null })
  expect(output.stdout).toContain('the parent process is gone')
})

test('a parent that went before it listened is noticed too', async () => {
  const { child, exit, wrote } = start({ FIXTURE_AFTER_PARENT: 'yes' }, { ipc: true })
  await wrote('waiting for the parent')
  child.disconnect()
  expect(await exit).toEqual({ code: 0, signal: null })
})

test.each([
  ['throw', 'it cannot start'],
  ['crash', 'it broke'],
  ['reject', 'nobody caught this'],
])('a crash (%s) is logged and ends it with exit code 1', async (how, message) => {
  const { exit, output } = start({ FIXTURE_START: how })
  expect(await exit).toEqual({ code: 1, signal: null })
  expect(output.stdout).toContain(message)
  expect(output.stdout).toContain('"level":"fatal"')
})

test('an admin port that is taken is named', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  const { exit, output } = start({ ADMIN_PORT: String(port) })
  expect(await exit).toEqual({ code: 1, signal: null })
  expect(output.stdout).toContain(`Port ${port} is in use.`)
  other.close()
})

test('an environment that does not configure it is exit code 2, with every problem and no value', async () => {
  const { exit, output } = start({
    KAFKA_BROKERS: '',
    ADMIN_PORT: 'canary',
    FIXTURE_START: 'canary',
    KAFKA_SASL_MECHANISM: 'plain',
    KAFKA_SASL_USERNAME: 'canary',
  })
  expect(await exit).toEqual({ code: 2, signal: null })
  expect(output.stderr).toMatch(/^fixture: The configuration is not valid:\n {2}KAFKA_BROKERS: is required/)
  expect(output.stderr).toContain('\n  ADMIN_PORT: ')
  expect(output.stderr).toContain('\n  FIXTURE_START: ')
  expect(output.stderr).toContain('\n  KAFKA_SASL_PASSWORD: ')
  expect(output.stderr).not.toContain('canary')
  expect(output.stdout).toBe('')
})

test('settings that contradict each other are exit code 2', async () => {
  const { exit, output } = start({ KAFKA_SASL_MECHANISM: 'plain' })
  expect(await exit).toEqual({ code: 2, signal: null })
  expect(output.stderr).toContain('KAFKA_SASL_PASSWORD: is required')
})

test('a setting that names what cannot be used is exit code 2, too, and in the log', async () => {
  const { exit, output } = start({ FIXTURE_START: 'misconfigured' })
  expect(await exit).toEqual({ code: 2, signal: null })
  expect(output.stdout).toContain('FIXTURE_FILE: cannot be used')
})

test('--print-config prints what it would run with, without secrets, and runs nothing', async () => {
  const { exit, output } = start(
    {
      FIXTURE_SECRET: 'canary',
      KAFKA_SASL_MECHANISM: 'plain',
      KAFKA_SASL_USERNAME: 'me',
      KAFKA_SASL_PASSWORD: 'canary',
    },
    { args: ['--print-config'] },
  )
  expect(await exit).toEqual({ code: 0, signal: null })
  expect(output.stdout.split('\n')).toEqual(
    expect.arrayContaining([
      'KAFKA_BROKERS=127.0.0.1:1',
      'KAFKA_SASL_USERNAME=me',
      'KAFKA_SASL_PASSWORD=[hidden]',
      'FIXTURE_SECRET=[hidden]',
      'FIXTURE_START=well',
    ]),
  )
  expect(output.stdout).not.toContain('canary')
  expect(output.stdout).not.toContain('started')
})

test('--print-settings needs no environment', async () => {
  const { exit, output } = start({ KAFKA_BROKERS: '' }, { args: ['--print-settings'] })
  expect(await exit).toEqual({ code: 0, signal: null })
  const settings = JSON.parse(output.stdout) as { variable: string }[]
  expect(settings).toContainEqual({
    variable: 'FIXTURE_START',
    description: 'How to start.',
    required: false,
    default: 'well',
  })
  expect(settings.find(({ variable }) => variable === 'KAFKA_BROKERS')).toMatchObject({ required: true })
})
