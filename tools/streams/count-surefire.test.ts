import { expect, test } from 'vitest'
import { countSurefire } from './count-surefire.ts'

test('adds up the reports of all classes', () => {
  const report = (counts: string) =>
    `<?xml version="1.0"?>\n<testsuite xmlns:xsi="a" name="AT" time="1" ${counts}>\n  <testcase name="tests=&quot;9&quot;"/>`
  expect(
    countSurefire([
      report('tests="7" errors="1" skipped="1" failures="2"'),
      report('tests="4" errors="0" skipped="0" failures="0"'),
    ]),
  ).toEqual({ passed: 7, failed: 3, skipped: 1 })
  expect(countSurefire([])).toEqual({ passed: 0, failed: 0, skipped: 0 })
})
