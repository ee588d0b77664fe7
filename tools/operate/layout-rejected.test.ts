import type { RejectedEvent, RejectedRedriveReport, RejectedSurvey } from '@sluice/operations'
import { describe, expect, it } from 'vitest'
import {
  layoutRejectedEvent,
  layoutRejectedEvents,
  layoutRejectedGroups,
  layoutRejectedRedrive,
} from './layout-rejected.ts'

const AT = Date.UTC(2026, 10, 24, 12)
const event: RejectedEvent = {
  ...{ offset: 7, at: AT, id: 'o-1', type: 'order\u001b[31m-placed', code: 'schema' },
  ...{ errors: [{ pointer: '/data/total', detail: 'Expected a number.' }], credential: 'shop' },
  ...{ tenant: 'acme', source: '/shop', maxPriority: 'high', dataschema: undefined, traceparent: undefined },
}
const survey: RejectedSurvey = {
  ...{ exists: true, count: 2, waiting: 1 },
  groups: [{ type: event.type, code: 'schema', count: 2, waiting: 1, firstAt: AT, lastAt: AT + 1000 }],
  newest: [{ ...event, redriven: false }],
}

describe('rejected events in a terminal', () => {
  it('are counted, listed and shown, and cannot paint it', () => {
    expect(layoutRejectedGroups(survey)).toContain(
      'schema       2        1  2026-11-24 12:00:00  2026-11-24 12:00:01',
    )
    const list = layoutRejectedEvents(survey)
    expect(list).toContain('o-1  waiting  /data/total Expected a number.')
    expect(list).toContain('2 events, the newest 1 shown; 1 waiting.')
    const one = layoutRejectedEvent(event, { value: '{"data":{"a":"\u001b[2J"}}' })
    expect(one).toMatch(/^error +\/data\/total Expected a number\.$/m)
    for (const text of [layoutRejectedGroups(survey), list, one]) expect(text).not.toContain('\u001b')
  })

  it('of which there are none say so, and a topic that is missing how to create it', () => {
    const none = { ...survey, count: 0, groups: [], newest: [] }
    expect(layoutRejectedGroups(none)).toBe('No rejected events.')
    expect(layoutRejectedEvents(none)).toBe('No rejected events fit.')
    for (const layout of [layoutRejectedGroups, layoutRejectedEvents]) {
      expect(layout({ ...none, exists: false })).toContain('npm run topics creates it')
    }
  })

  it('have a redrive whose numbers add up', () => {
    const report: RejectedRedriveReport = {
      ...{ ended: 'done', topic: 'events.rejected', selected: 22, redrivenBefore: 1, notAllowed: 2 },
      ...{ idsReused: 3, stillRejected: 4, filtered: 5, planned: 1, sent: 1 },
      reasons: [{ type: 'order-placed', code: 'schema', detail: '/data no', events: 4 }],
      routes: [{ topic: 'events.order-placed.normal', partition: 2, events: 1 }],
    }
    const text = layoutRejectedRedrive(report, false)
    expect([...text.matchAll(/^ {2}(\d+) /gm)].map(([, number]) => number)).toEqual([
      ...['1', '2', '3', '4', '5', '6'],
    ])
    expect(text).toMatch(/order-placed +schema +4 +\/data no/)
    expect(text).toContain('1 of 1 event let in.')
    expect(layoutRejectedRedrive(report, true)).toContain('1 event would be let in. Nothing was sent.')
  })
})
