import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { metricCatalogue } from '@sluice/telemetry'
import { checkFiles, type DerivedFile, writeFiles } from './derive/derived-files.ts'
import { envExample } from './derive/env-example.ts'
import { metricsPage } from './derive/metrics-page.ts'
import { askProcesses } from './derive/process-settings.ts'

const HELP = `Writes the files that repeat what the code says: docs/metrics.md and .env.example.

  npm run derive
  npm run derive -- --check    writes nothing; exit code 1 when a file differs`

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))

const { values } = parseArgs({
  options: { check: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h' } },
})

if (values.help) console.log(HELP)
else {
  const files: readonly DerivedFile[] = [
    { path: 'docs/metrics.md', text: metricsPage(metricCatalogue) },
    { path: '.env.example', text: envExample(await askProcesses(ROOT)) },
  ]
  process.exitCode = values.check
    ? checkFiles(ROOT, files, console.log)
    : writeFiles(ROOT, files, console.log)
}
