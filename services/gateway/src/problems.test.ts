import { readFileSync } from 'node:fs'
import type { KafkaErrorCode } from '@sluice/kafka'
import { expect, test } from 'vitest'
import { encodeProblem, type Problem, type ProblemCode, problems } from './problems.ts'

const codes = Object.keys(problems) as ProblemCode[]
/** The type makes this complete. */
const kafkaCodes: Record<KafkaErrorCode, true> = {
  'kafka-unreachable': true,
  'kafka-refused': true,
  'commit-refused': true,
  'consumer-crashed': true,
  'unreadable-batch': true,
  'kafka-config': true,
}
const document = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8')

test.each([...codes, ...Object.keys(kafkaCodes)])('docs/errors.md has a section on %s', (code) => {
  expect(document).toMatch(new RegExp(`^### ${code}$`, 'm'))
})

test.each(codes)('docs/errors.md says the status and the retryability of %s', (code) => {
  const section = document.split(`### ${code}\n`)[1]!.split('\n###')[0]!
  const { status, retryable } = problems[code]
  expect(section).toContain(`**${status}**`)
  expect(section.includes('retryable')).toBe(retryable)
})

test('every section of docs/errors.md about the gateway is about a code that it has', () => {
  const sections = [...document.split('\n## Inside the processes')[0]!.matchAll(/^### (.+)$/gm)].map(
    ([, code]) => code,
  )
  expect(sections.toSorted()).toEqual(codes.toSorted())
})

test('what may be sent again says when, if it is an overload or an outage', () => {
  for (const code of codes) {
    const { status, retryable, retryAfter } = problems[code] as Problem
    if (status === 503)
      expect({ code, retryable, wait: retryAfter! > 0 }).toEqual({ code, retryable: true, wait: true })
  }
})

test('a problem document carries code, title, status, detail, errors and a link', () => {
  const errors = [{ pointer: '/data/orderId', detail: 'Too small' }]
  expect(JSON.parse(encodeProblem('schema', { errors, members: { id: '7' } }))).toEqual({
    type: '/docs/errors.md#schema',
    title: 'The data does not fit its type',
    status: 422,
    detail: 'Too small',
    code: 'schema',
    retryable: false,
    id: '7',
    errors,
  })
})
