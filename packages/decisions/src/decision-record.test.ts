import { describe, expect, it } from 'vitest'
import { type Decision, MAX_EVIDENCE_BYTES } from './decision.ts'
import { decodeDecision, encodeDecision, MAX_RECORD_BYTES } from './decision-record.ts'

const decision: Decision = {
  id: 'payment-trouble/default/c-7',
  action: 'raise',
  scope: { tenant: 'default', key: 'c-7' },
  priority: 'high',
  reason: '3 failed payments within 5 minutes',
  evidence: { failures: 3, events: ['e-1', 'e-2', 'e-3'] },
  by: 'payment-trouble',
  from: '2026-11-28T10:00:00.000Z',
  until: '2026-11-28T10:15:00.000Z',
}
const hash = 'a'.repeat(64)

function decode(document: unknown, key: string | null = decision.id) {
  const value = typeof document === 'string' ? document : JSON.stringify(document)
  return decodeDecision({ key: key === null ? null : Buffer.from(key), value: Buffer.from(value) })
}

describe('a record is decoded', () => {
  it('as it was encoded', () => {
    const { key, value } = encodeDecision(decision)
    expect(decode(value, key)).toEqual({ decision })
  })

  it.each<[string, object]>([
    ['the least that one needs', { priority: undefined, evidence: undefined }],
    ['null for what is absent', { priority: null, evidence: null, scope: { key: 'c-7', type: null } }],
    ['an operator', { by: 'operator:ada.lovelace' }],
    ['an operator of any script', { by: 'operator:Žofie' }],
    ['offsets', { from: '2026-11-28T11:00:00+01:00', until: '2026-11-28T10:00:00.001Z' }],
    ['31 days', { until: '2026-12-29T10:00:00.000Z' }],
    ['content beside type and key', { scope: { type: 'page-viewed', key: 'c-7', content: hash } }],
    ['evidence of any kind', { evidence: [1, 'two', [null]] }],
    ['the longest evidence', { evidence: 'x'.repeat(MAX_EVIDENCE_BYTES - 2) }],
    ['a priority that says nothing', { action: 'suppress' }],
  ])('with %s', (_what, change) => {
    expect(decode({ ...decision, ...change })).toHaveProperty('decision')
  })

  it('without what it does not know', () => {
    expect(decode({ ...decision, confidence: 0.9 })).toEqual({ decision })
  })

  it('as a lift when it is a tombstone', () => {
    expect(decodeDecision({ key: Buffer.from('ä/1'), value: null })).toEqual({ lifted: 'ä/1' })
  })
})

describe('a bad record is told with its reason:', () => {
  it.each<[string, object, string]>([
    ['no id', { id: undefined }, 'id '],
    ['an empty id', { id: '' }, 'id must not be empty'],
    ['a long id', { id: 'x'.repeat(257) }, 'id must have at most 256 characters'],
    ['another action', { action: 'drop' }, 'action must be one of suppress, raise, lower, allow'],
    ['no scope', { scope: undefined }, 'scope '],
    ['an empty scope', { scope: {} }, 'scope must have at least one of type, source, tenant and key'],
    ['a scope of nulls', { scope: { key: null } }, 'scope must have at least one'],
    ['a member of the scope that it does not know', { scope: { key: 'c', region: 'eu' } }, 'region'],
    ['content alone', { scope: { content: hash } }, 'scope must have at least one'],
    ['content without key', { scope: { type: 't', content: hash } }, 'scope.content needs type and key'],
    [
      'content in capitals',
      { scope: { type: 't', key: 'k', content: 'A'.repeat(64) } },
      'must be a SHA-256 in lower-case hex',
    ],
    ['an empty member', { scope: { source: '' } }, 'scope.source must not be empty'],
    ['half a character', { scope: { key: 'a\ud800' } }, 'scope.key must be well-formed Unicode'],
    ['another lane', { priority: 'urgent' }, 'priority must be one of high, normal, low'],
    ['no reason', { reason: '' }, 'reason must not be empty'],
    ['a long reason', { reason: 'x'.repeat(513) }, 'reason must have at most 512 characters'],
    [
      'long evidence',
      { evidence: 'x'.repeat(MAX_EVIDENCE_BYTES - 1) },
      'evidence must have at most 4096 bytes',
    ],
    ['a job in capitals', { by: 'Payment' }, 'by must be the name of a job'],
    ['an operator without a name', { by: 'operator:' }, 'by must be the name of a job'],
    ['an operator with spaces', { by: 'operator:a b' }, 'by must be the name of a job'],
    ['a time without offset', { from: '2026-11-28T10:00:00' }, 'from must be a time with an offset'],
    ['an end before the start', { until: '2026-11-28T09:00:00Z' }, 'until must be after "from"'],
    ['an end at the start', { until: decision.from }, 'until must be after "from"'],
    ['more than 31 days', { until: '2026-12-29T10:00:00.001Z' }, 'until must be at most 31 days after'],
  ])('%s', (_what, change, detail) => {
    const { id } = { ...decision, ...change }
    const decoded = decode({ ...decision, ...change }, id || 'x')
    expect(decoded).toEqual({ problem: 'invalid', detail: expect.stringContaining(detail) })
  })

  it.each<[string, unknown, string | null, string]>([
    ['no key', decision, null, 'no-key'],
    ['an empty key', decision, '', 'no-key'],
    ['another key', decision, 'c-8', 'other-id'],
    ['no JSON', '{"id":', decision.id, 'not-json'],
    ['nothing', '', decision.id, 'not-json'],
    ['no object', '7', decision.id, 'invalid'],
    ['a list', [decision], decision.id, 'invalid'],
    ['too many bytes', { ...decision, more: 'x'.repeat(MAX_RECORD_BYTES) }, decision.id, 'too-large'],
  ])('%s', (_what, document, key, problem) => {
    expect(decode(document, key)).toMatchObject({ problem })
  })

  it('never with what the record holds', () => {
    for (const document of [
      `"secret`,
      { ...decision, id: 'secret-2' },
      { ...decision, by: 'secret secret' },
    ]) {
      expect(JSON.stringify(decode(document, 'secret'))).not.toContain('secret')
    }
  })
})
