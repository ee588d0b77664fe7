import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { definitionsList } from './derive/definitions-list.ts'
import { checkFiles, writeFiles } from './derive/derived-files.ts'

const HELP = `Writes what repeats the code: the list of definitions, docs/event-types.md, docs/metrics.md, .env.example, Grafana's
dashboard, the tables of stream jobs, and the lists of services in docker-compose.yml, infra/prometheus and the release's workflow.

  npm run derive
  npm run derive -- --check    writes nothing; exit code 1 when a file differs`

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))

const { values } = parseArgs({
  options: { check: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h' } },
})

if (values.help) console.log(HELP)
else {
  const settle = values.check ? checkFiles : writeFiles
  // Alone and first: what the others are derived from imports it.
  const list = settle(ROOT, [definitionsList(ROOT)], console.log)
  if (list === 0) {
    const { deriveFromCode } = await import('./derive/derive-from-code.ts')
    process.exitCode = settle(ROOT, await deriveFromCode(ROOT), console.log)
  } else process.exitCode = list
}
