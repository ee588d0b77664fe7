import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runStep } from './test/run-step.ts'
import { describeTotals } from './test/summary.ts'

// `npm run test:streams`: the stream jobs on a real Kafka, with their real engines. Arguments are vitest's own, such as
// a part of a path.

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const report = join(ROOT, '.sluice', 'test', 'streams.json')
const result = await runStep(
  {
    name: 'streams',
    file: join(ROOT, 'node_modules', '.bin', 'vitest'),
    args: [
      ...['run', '--project', 'streams', '--reporter=default', '--reporter=json'],
      ...[`--outputFile.json=${report}`, ...process.argv.slice(2)],
    ],
    report,
  },
  ROOT,
)
process.exitCode = result.failed > 0 ? 1 : 0
console.log(describeTotals([result]))
