import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { ClientErrorCode } from './errors.ts'
import type { ClientCode } from './outcome.ts'

/** The type makes this complete. */
const codes: Record<ClientCode | ClientErrorCode, true> = {
  'not-sent': true,
  'no-answer': true,
  'no-token': true,
  'queue-full': true,
  'client-closed': true,
  'not-json': true,
  'persistence-failed': true,
}

test('docs/errors.md has a section on each code of the client', () => {
  const document = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8')
  const section = document.split("## In the producer's client\n")[1]!.split('\n## ')[0]!
  const sections = [...section.matchAll(/^### (.+)$/gm)].map(([, code]) => code)
  expect(sections.toSorted()).toEqual(Object.keys(codes).toSorted())
})
