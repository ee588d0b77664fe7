import { pageViewed } from '@sluice/events'
import { expect, test } from 'vitest'
import { isBot } from './is-bot.ts'

test('crawlers are bots, people are not', () => {
  const crawler = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)'
  expect([isBot(crawler), isBot(crawler), isBot('curl/8.5.0')]).toEqual([true, true, true])
  expect(isBot(pageViewed.example.userAgent)).toBe(false)
})

test('the verdicts stay right when there are more user agents than are remembered', () => {
  for (let i = 0; i < 5000; i++) {
    const userAgent =
      i % 2 === 0 ? `Mozilla/5.0 (X11; Linux x86_64; rv:${i}.0) Gecko/20100101 Firefox/${i}.0` : `bot/${i}`
    expect(isBot(userAgent)).toBe(i % 2 === 1)
  }
})
