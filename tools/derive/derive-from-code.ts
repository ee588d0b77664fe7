import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { catalogue, listServices } from '@sluice/events'
import { metricCatalogue } from '@sluice/telemetry'
import { cataloguePage } from './catalogue-page.ts'
import { dashboard } from './dashboard.ts'
import { replaceBlock } from './derived-block.ts'
import type { DerivedFile } from './derived-files.ts'
import { envExample } from './env-example.ts'
import { metricsPage } from './metrics-page.ts'
import { askProcesses } from './process-settings.ts'
import { serviceBlocks } from './service-blocks.ts'
import { streamTables } from './stream-tables.ts'

/** Every derived file but the list of definitions, which has to be there before this can be imported. */
export async function deriveFromCode(root: string): Promise<DerivedFile[]> {
  const services = listServices(catalogue).map(({ service }) => service)
  return [
    { path: 'docs/event-types.md', text: cataloguePage(catalogue) },
    { path: 'docs/metrics.md', text: metricsPage(metricCatalogue) },
    { path: '.env.example', text: envExample(await askProcesses(root)) },
    streamTables(catalogue),
    { path: 'infra/grafana/dashboards/sluice.json', text: dashboard() },
    ...serviceBlocks.map(({ path, marks, lines }) => ({
      path,
      text: replaceBlock(readFileSync(join(root, path), 'utf8'), marks, lines(services)),
    })),
  ]
}
