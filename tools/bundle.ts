import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleProcess } from './bundle/bundle-process.ts'

const HELP = `Puts one process with everything that it needs into a folder; the images are made of these.

  node tools/bundle.ts <process> <folder>

  <process>  a folder of services/, or "topics", which creates the topics and ends
  <folder>   is emptied first`

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))

const [name = '', folder] = process.argv.slice(2)
const entry = [
  `services/${name}/main.ts`,
  `services/${name}/src/main.ts`,
  ...(name === 'topics' ? ['tools/topics.ts'] : []),
].find((file) => existsSync(join(ROOT, file)))
if (name === '--help' || name === '-h') console.log(HELP)
else if (entry === undefined || folder === undefined) {
  console.error(
    `${folder === undefined ? 'Two arguments are needed' : `There is no process "${name}"`}.\n\n${HELP}`,
  )
  process.exitCode = 2
} else await bundleProcess(ROOT, name, entry, resolve(folder))
