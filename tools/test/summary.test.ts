import { expect, it } from 'vitest'
import { countReport, describeTotals, summaryTable, type TestReport } from './summary.ts'

const report = (counts: Partial<TestReport>): TestReport => ({
  numPassedTests: 0,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  testResults: [],
  ...counts,
})

it('counts tests', () => {
  const counts = { numPassedTests: 5, numFailedTests: 2, numPendingTests: 1, numTodoTests: 1 }
  expect(countReport(report(counts), false)).toEqual({ passed: 5, failed: 2, skipped: 2 })
})

it('counts a file that could not be loaded as a failure', () => {
  const testResults = [
    { status: 'failed', assertionResults: [] },
    { status: 'passed', assertionResults: [{}] },
  ]
  expect(countReport(report({ numPassedTests: 1, testResults }), false)).toMatchObject({ failed: 1 })
})

it('counts a run that failed outside its tests, or left no report, as a failure', () => {
  expect(countReport(report({ numPassedTests: 9 }), false)).toMatchObject({ passed: 9, failed: 1 })
  expect(countReport(undefined, true)).toEqual({ passed: 0, failed: 1, skipped: 0 })
})

it('says the totals in one form', () => {
  const ok = { name: 'unit', passed: 3, failed: 0, skipped: 0, seconds: 1.26 }
  const bad = { name: 'e2e', passed: 1, failed: 2, skipped: 4, seconds: 70 }
  expect(describeTotals([ok])).toBe('3 passed, 0 failed')
  expect(describeTotals([ok, bad])).toBe('4 passed, 2 failed, 4 skipped')
  expect(summaryTable([ok, bad])).toBe(
    'ok      unit     1.3 s  3 passed, 0 failed\nFAILED  e2e     70.0 s  1 passed, 2 failed, 4 skipped',
  )
})
