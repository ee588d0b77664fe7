import type { StepResult } from './run-step.ts'

/** What is read of vitest's JSON report. */
export type TestReport = {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly testResults: readonly {
    readonly status: string
    readonly assertionResults: readonly unknown[]
  }[]
}

export type Counts = Pick<StepResult, 'passed' | 'failed' | 'skipped'>

/**
 * Counts a report. A file that could not even be loaded has no tests to fail and counts as one failure; so
 * does a run that failed for a reason that is in no test, or that left no report.
 */
export function countReport(report: TestReport | undefined, succeeded: boolean): Counts {
  if (report === undefined) return { passed: 0, failed: 1, skipped: 0 }
  const unloaded = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  ).length
  const failed = report.numFailedTests + unloaded
  return {
    passed: report.numPassedTests,
    failed: succeeded || failed > 0 ? failed : 1,
    skipped: report.numPendingTests + report.numTodoTests,
  }
}

/** A line per step. */
export function summaryTable(results: readonly StepResult[]): string {
  const width = Math.max(...results.map(({ name }) => name.length))
  return results
    .map((result) => {
      const verdict = result.failed > 0 ? 'FAILED' : 'ok'
      const time = `${result.seconds.toFixed(1)} s`.padStart(8)
      return `${verdict.padEnd(6)}  ${result.name.padEnd(width)}  ${time}  ${describeTotals([result])}`
    })
    .join('\n')
}

/** `12 passed, 0 failed`, and how many were skipped if any were. */
export function describeTotals(results: readonly Counts[]): string {
  const sum = (pick: (counts: Counts) => number) => results.reduce((total, counts) => total + pick(counts), 0)
  const skipped = sum((counts) => counts.skipped)
  const totals = `${sum((counts) => counts.passed)} passed, ${sum((counts) => counts.failed)} failed`
  return skipped === 0 ? totals : `${totals}, ${skipped} skipped`
}
