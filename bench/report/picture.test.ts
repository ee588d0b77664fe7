import { expect, test } from 'vitest'
import { drawPicture, THEMES } from './picture.ts'
import { plantResults, plantRun } from './planted-results.ts'

const monolith = (changes: Parameters<typeof plantRun>[0]) => plantRun({ system: 'monolith', ...changes })

test('the longest bar is the largest figure, and the others are in proportion', () => {
  const picture = drawPicture(
    plantResults([plantRun({ drainedPerSecond: 40_000 }), monolith({ drainedPerSecond: 10_000 })]),
    'light',
  )
  const widths = [...picture.matchAll(/<rect [^>]*width="([\d.]+)"/g)].map(([, width]) => Number(width))
  expect(widths).toHaveLength(2)
  expect(widths[0]).toBe(4 * widths[1]!)
  expect(picture).toContain('>40,000<')
})

test('a bar too short to see is drawn all the same', () => {
  const latency = (p99: number) => ({ high: { count: 9, p50: 1, p90: 1, p99, p999: p99, max: p99 } })
  const picture = drawPicture(
    plantResults([
      plantRun({ scenario: 'D', endToEnd: latency(5) }),
      monolith({ scenario: 'D', endToEnd: latency(50_000) }),
    ]),
    'light',
  )
  expect(picture).toMatch(/<rect [^>]*width="2.0"/)
  expect(picture).toContain('>5 ms<')
  expect(picture).toContain('>50 s<')
})

test('several runs show their spread, one shows none', () => {
  const one = plantRun({ drainedPerSecond: 100 })
  expect(drawPicture(plantResults([one]), 'light')).not.toContain('<path')
  const spread = drawPicture(plantResults([one, plantRun({ run: 2, drainedPerSecond: 200 })]), 'light')
  expect(spread).toContain('<path')
  expect(spread).toContain('Median of 2 runs')
})

test('only what is to be compared is in it', () => {
  const picture = drawPicture(
    plantResults([plantRun({}), plantRun({ system: 'sluice × 2' }), plantRun({ system: 'no-op HTTP' })]),
    'light',
  )
  expect(picture.match(/<rect/g)).toHaveLength(1)
})

test('nothing is drawn outside of the picture, in either theme', () => {
  const results = plantResults(
    (['A', 'B', 'C', 'D'] as const).flatMap((scenario) => [
      plantRun({ scenario, drainedPerSecond: 123_456 }),
      monolith({ scenario, drainedPerSecond: 123_000, run: 2 }),
    ]),
  )
  for (const theme of Object.keys(THEMES) as (keyof typeof THEMES)[]) {
    const picture = drawPicture(results, theme)
    const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(picture)!.map(Number)
    for (const [, x, y, content] of picture.matchAll(/<text x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)/g)) {
      expect(Number(x) + (content!.includes('runs') ? 0 : content!.length * 6)).toBeLessThan(width!)
      expect(Number(y)).toBeLessThan(height!)
    }
  }
})

test('text cannot become markup', () => {
  const results = plantResults([plantRun({})])
  expect(drawPicture({ ...results, commit: 'a<b&c' }, 'light')).toContain('a&lt;b&amp;c')
})
