import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Formats the tree and mends what the linter can mend. */
const root = fileURLToPath(new URL('..', import.meta.url))
const biome = fileURLToPath(new URL('../node_modules/.bin/biome', import.meta.url))
const result = spawnSync(biome, ['check', '--write', ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
})
process.exitCode = result.status ?? 1
