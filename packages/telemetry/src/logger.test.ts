import { expect, test } from 'vitest'
import { createLogger, redactPersonalData } from './logger.ts'

function capture() {
  const lines: Record<string, unknown>[] = []
  const log = createLogger({
    service: 'gateway',
    level: 'info',
    destination: { write: (line: string) => void lines.push(JSON.parse(line)) },
  })
  return { lines, log }
}

test('a line has level, time, service and message', () => {
  const { lines, log } = capture()
  log.warn({ type: 'order-placed', id: 'o-1' }, 'an event was given up')
  expect(lines[0]).toMatchObject({
    level: 'warn',
    service: 'gateway',
    type: 'order-placed',
    msg: 'an event was given up',
  })
  expect(Date.parse(String(lines[0]?.['time']))).not.toBeNaN()
})

test('payloads and secrets are redacted, at the top and one level down', () => {
  const { lines, log } = capture()
  log.info(
    { password: 'canary', event: { data: { card: 'canary' } }, sasl: { password: 'canary' } },
    'connecting',
  )
  expect(JSON.stringify(lines)).not.toContain('canary')
})

test('personal data is redacted where a handler may log it, and so are secrets', () => {
  const { lines, log } = capture()
  const own = redactPersonalData(log, ['/customer/email', '/guests/*/first name', '/+1/a~1b'])
  const customer = { id: 'c-7', email: 'canary' }
  own.info({ customer }, 'a')
  own.info({ order: { customer } }, 'b')
  own.info({ email: 'canary', user: { email: 'canary' } }, 'c')
  own.child({ id: 'e-1' }).info({ customer, password: 'canary' }, 'd')
  own.info({ guests: [{ 'first name': 'canary' }], guest: { 'first name': 'canary' } }, 'e')
  own.info({ '+1': { 'a/b': 'canary' } }, 'f')
  expect(JSON.stringify(lines)).not.toContain('canary')
  expect(lines.map(({ msg }) => msg)).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
  expect(lines[0]).toMatchObject({ customer: { id: 'c-7' } })
})

test('a logger of data without personal data is the same logger', () => {
  const { log } = capture()
  expect(redactPersonalData(log, [])).toBe(log)
})
