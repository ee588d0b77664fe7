import { expect, test } from 'vitest'
import { createLogger } from './logger.ts'

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
