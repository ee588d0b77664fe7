import { expect, it } from 'vitest'
import { layoutDecisions } from './layout-decisions.ts'

const decision = {
  ...{ id: 'payment-trouble/default/c-7', action: 'raise', scope: { tenant: 'default', key: 'c-7' } },
  ...{
    priority: 'high',
    reason: '3 failed payments',
    by: 'payment-trouble',
    until: '2026-11-28T10:15:00.000Z',
  },
  ...{ live: true, hits: 12, secondsLeft: 870 },
}

it('lays out decisions with what they did and how long they last', () => {
  const later = {
    ...decision,
    id: 'x\u001b[31m',
    live: false,
    hits: 0,
    secondsUntilLive: 7200,
    secondsLeft: 90_061,
  }
  expect(layoutDecisions({ count: 3, live: 1, decisions: [decision, later] })).toBe(
    `id                           action         scope                   state     left  hits  by               reason
payment-trouble/default/c-7  raise to high  tenant=default key=c-7  live   14m 30s    12  payment-trouble  3 failed payments
x\\u{1b}[31m                  raise to high  tenant=default key=c-7  in 2h    1d 1h     0  payment-trouble  3 failed payments

3 decisions, 1 live, 2 shown.`,
  )
})

it('says where there are none', () => {
  expect(layoutDecisions({ count: 0, live: 0, decisions: [] })).toBe('No decisions.')
})
