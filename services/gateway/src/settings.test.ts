import { readFileSync } from 'node:fs'
import { parseProcessSettings } from '@sluice/service'
import { expect, test } from 'vitest'
import { gatewaySettings } from './settings.ts'

test('what .env.example shows as the defaults can be set, and changes nothing', () => {
  const example = readFileSync(new URL('../../../.env.example', import.meta.url), 'utf8')
  const defaults = Array.from(example.matchAll(/^# ([A-Z_]+)=(.+)$/gm), ([, name, value]) => [name!, value!])
  const parse = (env: Record<string, string>) =>
    parseProcessSettings(gatewaySettings, { KAFKA_BROKERS: 'a:9092', ...env }, 'gateway')
  expect(defaults.length).toBeGreaterThan(15)
  expect(parse(Object.fromEntries(defaults))).toEqual(parse({}))
})
