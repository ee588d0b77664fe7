import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { catalogue, listServices } from '@sluice/events'
import { metricCatalogue } from '@sluice/telemetry'
import { dashboard } from './derive/dashboard.ts'
import { replaceBlock } from './derive/derived-block.ts'
import { checkFiles, type DerivedFile, writeFiles } from './derive/derived-files.ts'
import { envExample } from './derive/env-example.ts'
import { metricsPage } from './derive/metrics-page.ts'
import { askProcesses } from './derive/process-settings.ts'
import { serviceBlocks } from './derive/service-blocks.ts'

const HELP = `Writes what repeats the code: docs/metrics.md, .env.example, Grafana's dashboard, and the lists of services in
docker-compose.yml, infra/prometheus and the release's workflow.

  npm run derive
  npm run derive -- --check    writes nothing; exit code 1 when a file differs`

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))

const { values } = parseArgs({
  options: { check: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h' } },
})

if (values.help) console.log(HELP)
else {
  const services = [...new Set(listServices(catalogue).map(({ service }) => service))]
  const files: readonly DerivedFile[] = [
    { path: 'docs/metrics.md', text: metricsPage(metricCatalogue) },
    { path: '.env.example', text: envExample(await askProcesses(ROOT)) },
    { path: 'infra/grafana/dashboards/sluice.json', text: dashboard() },
    ...serviceBlocks.map(({ path, marks, lines }) => ({
      path,
      text: replaceBlock(readFileSync(join(ROOT, path), 'utf8'), marks, lines(services)),
    })),
  ]
  process.exitCode = values.check
    ? checkFiles(ROOT, files, console.log)
    : writeFiles(ROOT, files, console.log)
}
