import { pageViewed, shipmentDelayed } from '@sluice/events'
import { expect, test } from 'vitest'
import { builtInRules } from './rules.ts'

const [bots, longDelay] = builtInRules as [(typeof builtInRules)[0], (typeof builtInRules)[0]]

test('bots: page views of crawlers match, those of people do not', () => {
  expect(bots).toMatchObject({ kind: 'filter', name: 'bots', type: 'page-viewed' })
  const viewedBy = (userAgent: string) => bots.matches({ ...pageViewed.example, userAgent })
  const crawler = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)'
  expect(viewedBy(crawler)).toBe(true)
  expect(viewedBy(crawler)).toBe(true)
  expect(viewedBy('curl/8.5.0')).toBe(true)
  expect(viewedBy(pageViewed.example.userAgent)).toBe(false)
})

test('bots: the verdicts stay right when there are more user agents than are remembered', () => {
  for (let i = 0; i < 5000; i++) {
    const userAgent =
      i % 2 === 0 ? `Mozilla/5.0 (X11; Linux x86_64; rv:${i}.0) Gecko/20100101 Firefox/${i}.0` : `bot/${i}`
    expect(bots.matches({ ...pageViewed.example, userAgent })).toBe(i % 2 === 1)
  }
})

test.each([
  [2, false],
  [3, true],
  [30, true],
])('long-delay: %i days match: %s', (delayDays, matches) => {
  expect(longDelay).toMatchObject({ kind: 'priority', name: 'long-delay', priority: 'high' })
  expect(longDelay.matches({ ...shipmentDelayed.example, delayDays })).toBe(matches)
})
