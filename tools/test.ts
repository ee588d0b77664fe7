import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runStep, type Step, type StepResult } from './test/run-step.ts'
import { describeTotals, summaryTable } from './test/summary.ts'

// npm test runs every step to the end, also after a failure, so that one run tells everything.
// The very last line is `N passed, N failed` (`, N skipped` if so): a step that is no test run counts as one.

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))

const PROJECTS = ['unit', 'integration', 'e2e', 'faults']

const CHECKS: readonly Step[] = [
  { name: 'format and lint', file: bin('biome'), args: ['ci', '.'] },
  { name: 'types', file: bin('tsc'), args: ['-p', '.'] },
  { name: 'derived files', file: process.execPath, args: [join(ROOT, 'tools', 'derive.ts'), '--check'] },
]

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !PROJECTS.includes(name))
if (unknown.length > 0) {
  console.error(`There is no test project "${unknown[0]}"; there are ${PROJECTS.join(', ')}.`)
  process.exit(2)
}

const steps = wanted.length > 0 ? wanted.map(project) : [...CHECKS, ...PROJECTS.map(project)]
const results: StepResult[] = []
for (const step of steps) {
  console.log(`\n── ${step.name}`)
  results.push(await runStep(step, ROOT))
}
console.log(`\n${summaryTable(results)}\n`)
process.exitCode = results.some(({ failed }) => failed > 0) ? 1 : 0
console.log(describeTotals(results))

function project(name: string): Step {
  const report = join(ROOT, '.sluice', 'test', `${name}.json`)
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  return {
    name,
    file: bin('vitest'),
    args: ['run', '--project', name, '--passWithNoTests', ...reporters],
    report,
  }
}

function bin(name: string): string {
  return join(ROOT, 'node_modules', '.bin', name)
}
