import type { RedriveReport, Survey } from '@sluice/operations'
import { describe, expect, it } from 'vitest'
import { layoutLetter, layoutLetters, layoutRedrive, layoutSurveys } from './layout-dead-letters.ts'
import { printable } from './printable.ts'

const AT = Date.UTC(2026, 10, 24, 12)
const letter = {
  ...{ offset: 7, at: AT, key: 'c-1', id: 'o-1', reason: 'handler', errorType: 'RangeError' },
  ...{
    errorMessage: 'no such account',
    attempts: 5,
    firstFailedAt: AT - 1000,
    replayCount: 1,
    generation: 'redrive-1',
  },
  origin: { topic: 'events.order-placed.normal', partition: 2, offset: 40, timestamp: AT - 2000 },
}
const survey = {
  queue: { type: 'order-placed', service: 'order-placed', topic: 'events.order-placed.order-placed.dlq' },
  ...{ exists: true, letters: 2, waiting: 1 },
  groups: [
    { reason: 'handler', errorType: 'RangeError', letters: 2, waiting: 1, firstAt: AT, lastAt: AT + 5000 },
  ],
  newest: [{ ...letter, redriven: true }],
} as unknown as Survey

describe('dead letters on a terminal', () => {
  it('are a table by type, service, reason and error', () => {
    expect(layoutSurveys([survey])).toBe(
      [
        'type          service       reason   error       letters  waiting  first                last',
        'order-placed  order-placed  handler  RangeError        2        1  2026-11-24 12:00:00  2026-11-24 12:00:05',
      ].join('\n'),
    )
  })

  it('that are not there are said to be none, and so is a topic', () => {
    expect(layoutSurveys([{ ...survey, groups: [] }])).toBe('No dead letters.')
    expect(layoutSurveys([{ ...survey, groups: [], exists: false }])).toContain(
      'does not exist: npm run topics',
    )
  })

  it('are listed with what became of them', () => {
    const text = layoutLetters(survey)
    expect(text).toContain('redriven, came back 1×')
    expect(text).toContain('2 letters, the newest 1 shown; 1 waiting.')
  })

  it('show their payload as it is stored', () => {
    const show = (value: string | null) => layoutLetter(letter, { value, stack: 'RangeError: no\n    at x' })
    expect(show('{"a":[1]}')).toContain('{\n  "a": [\n    1\n  ]\n}')
    expect(show('{"a":9007199254740993}')).toContain('{"a":9007199254740993}')
    expect(show(null)).toContain('No value.')
    expect(show('{}')).toContain('events.order-placed.normal 2 @ 40, 2026-11-24 11:59:58')
  })

  it('cannot steer it', () => {
    expect(printable('a\u001b[2Jb\u202ec\u0007')).toBe('a\\u{1b}[2Jb\\u{202e}c\\u{7}')
  })
})

describe('a redrive', () => {
  const report: RedriveReport = {
    ...{ ended: 'done', type: 't', service: 's', topic: 'events.t.s.dlq' },
    ...{ selected: 10, redrivenBefore: 2, guarded: 1, strangers: 1, planned: 5, sent: 5 },
    reasons: [{ reason: 'handler', errorType: '', letters: 5 }],
    routes: [{ topic: 'events.t.normal', partition: 0, letters: 5 }],
  }

  it('says what was left, and why', () => {
    const text = layoutRedrive(report, false)
    for (const line of [
      '10 letters of events.t.s.dlq fit.',
      '2 redriven before',
      '1 redriven too often',
      '1 come from no lane',
      '1 left by --max',
      '5 of 5 letters sent.',
    ]) {
      expect(text).toContain(line)
    }
  })

  it('that is dry says that nothing was sent', () => {
    expect(layoutRedrive({ ...report, sent: 0 }, true)).toContain('5 letters would be sent. Nothing was.')
  })
})
