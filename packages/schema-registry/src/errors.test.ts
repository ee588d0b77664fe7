import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { SchemaRegistryErrorCode } from './errors.ts'

/** The type makes this complete. */
const codes: Record<SchemaRegistryErrorCode, true> = {
  'registry-unavailable': true,
  'schema-not-registered': true,
  'schema-incompatible': true,
}
const document = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8')

test.each(Object.keys(codes))('docs/errors.md has a section on %s', (code) => {
  expect(document).toMatch(new RegExp(`^### ${code}$`, 'm'))
})
