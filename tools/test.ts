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

/** The tests of the stream jobs that are not written in TypeScript. */
const TOPOLOGY: Step = {
  name: 'topology',
  file: process.execPath,
  args: [join(ROOT, 'tools', 'streams', 'test-topology.ts'), reportOf('topology')],
  report: reportOf('topology'),
}

const wanted = process.argv.slice(2)
const known = [...PROJECTS, TOPOLOGY.name]
const unknown = wanted.filter((name) => !known.includes(name))
if (unknown.length > 0) {
  console.error(`There is no test project "${unknown[0]}"; there are ${known.join(', ')}.`)
  process.exit(2)
}

const all = [...CHECKS, ...PROJECTS.map(project), TOPOLOGY]
const steps = wanted.length > 0 ? all.filter(({ name }) => wanted.includes(name)) : all
const results: StepResult[] = []
for (const step of steps) {
  console.log(`\n── ${step.name}`)
  results.push(await runStep(step, ROOT))
}
console.log(`\n${summaryTable(results)}\n`)
process.exitCode = results.some(({ failed }) => failed > 0) ? 1 : 0
console.log(describeTotals(results))

function project(name: string): Step {
  const report = reportOf(name)
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  return {
    name,
    file: bin('vitest'),
    args: ['run', '--project', name, '--passWithNoTests', ...reporters],
    report,
  }
}

function reportOf(name: string): string {
  return join(ROOT, '.sluice', 'test', `${name}.json`)
}

function bin(name: string): string {
  return join(ROOT, 'node_modules', '.bin', name)
}
