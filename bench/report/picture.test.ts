import { expect, test } from 'vitest'
import { drawPicture } from './picture.ts'
import { plantResults, plantRun } from './planted-results.ts'

test('the longest bar is the largest figure, and the others are in proportion', () => {
  const picture = drawPicture(
    plantResults([
      plantRun({ drainedPerSecond: 40_000 }),
      plantRun({ system: 'monolith', drainedPerSecond: 10_000 }),
    ]),
  )
  const widths = [...picture.matchAll(/<rect [^>]*width="([\d.]+)"/g)].map(([, width]) => Number(width))
  expect(widths).toHaveLength(2)
  expect(widths[0]).toBe(4 * widths[1]!)
  expect(picture).toContain('40,000')
})

test('several runs show their spread, one shows none', () => {
  const one = plantRun({ drainedPerSecond: 100 })
  expect(drawPicture(plantResults([one]))).not.toContain('<line')
  expect(drawPicture(plantResults([one, plantRun({ run: 2, drainedPerSecond: 200 })]))).toContain('<line')
})

test('text cannot become markup', () => {
  expect(drawPicture(plantResults([plantRun({ system: 'a<b&c' })]))).toContain('>a&lt;b&amp;c<')
})
