import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { drawPicture } from './picture.ts'
import { plantResults, plantRun } from './planted-results.ts'
import { picturePath, README_BEGIN, README_END, renderReadmeSection, replaceReadmeSection } from './readme.ts'
import type { BenchResults } from './result.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

test('the README and its pictures say what the results file says that they name', () => {
  const readme = read('README.md')
  const section = readme.split(README_BEGIN)[1]!.split(README_END)[0]!
  const path = /\]\((bench\/results\/[^)]+)\)/.exec(section)![1]!
  const results = JSON.parse(read(path)) as BenchResults
  expect(section.trim()).toBe(renderReadmeSection(results, path))
  expect(read(picturePath('light'))).toBe(drawPicture(results, 'light'))
  expect(read(picturePath('dark'))).toBe(drawPicture(results, 'dark'))
})

test('only what is between the markers is replaced', () => {
  const readme = `before\n${README_BEGIN}\nold\n${README_END}\nafter\n`
  const once = replaceReadmeSection(readme, 'new')
  expect(once).toBe(`before\n${README_BEGIN}\n\nnew\n\n${README_END}\nafter\n`)
  expect(replaceReadmeSection(once, 'new')).toBe(once)
  expect(() => replaceReadmeSection('nothing here', 'new')).toThrow('has no')
})

test('each scenario says what it is about, against the baseline', () => {
  const section = renderReadmeSection(
    plantResults([plantRun({}), plantRun({ system: 'monolith', drainedPerSecond: 95 })]),
    'bench/results/x.json',
  )
  expect(section).toContain('| scenario | figure | sluice | monolith | sluice ÷ monolith |')
  expect(section).toContain('|  | end to end/s, sustained | 950 | 95 | 10 |')
  expect(section).not.toContain('**B**')
  expect(section).toContain('sluice 15,000 accepted, 0 lost, 0 doubled;')
})

test('it is said where the posting ended early, and not where it did not', () => {
  const early = plantRun({ system: 'monolith', endedEarly: true, seconds: 2.4 })
  expect(renderReadmeSection(plantResults([plantRun({}), early]), 'x.json')).toContain(
    ': monolith in A after 2.40 s.',
  )
  expect(renderReadmeSection(plantResults([plantRun({})]), 'x.json')).not.toContain('before its time')
})

test('several sizes of Sluice have a table of their own', () => {
  const processes = [
    { name: 'gateway', count: 2, cpuMicrosPerEvent: 10, peakMemoryMb: 1 },
    { name: 'order-placed', count: 2, cpuMicrosPerEvent: 4, peakMemoryMb: 1 },
    { name: 'page-viewed', count: 2, cpuMicrosPerEvent: 3, peakMemoryMb: 1 },
    { name: 'kafka', count: 1, cpuMicrosPerEvent: 5, peakMemoryMb: 1 },
    { name: 'observer', count: 1, cpuMicrosPerEvent: 99, peakMemoryMb: 1 },
  ]
  const twice = plantRun({ system: 'sluice × 2', settings: { replicas: 2 }, processes })
  const section = renderReadmeSection(
    plantResults([plantRun({ settings: { replicas: 1 } }), twice]),
    'bench/results/x.json',
  )
  expect(section).toContain('| 2 | 1,000 | 950 | 10 | 7 | 5 | 22 |')
  expect(section).not.toContain('| sluice | sluice × 2 |')
})
