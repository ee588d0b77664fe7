import type { Counts } from '../test/summary.ts'

/** Adds up the reports of Maven's Surefire, one per class. */
export function countSurefire(reports: readonly string[]): Counts {
  const sum = { tests: 0, failures: 0, errors: 0, skipped: 0 }
  for (const report of reports) {
    const [suite = ''] = /<testsuite\s[^>]*>/.exec(report) ?? []
    for (const name of Object.keys(sum) as (keyof typeof sum)[]) {
      sum[name] += Number(new RegExp(`\\s${name}="(\\d+)"`).exec(suite)?.[1] ?? 0)
    }
  }
  const failed = sum.failures + sum.errors
  return { passed: sum.tests - failed - sum.skipped, failed, skipped: sum.skipped }
}
