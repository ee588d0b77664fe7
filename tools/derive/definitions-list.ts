import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { DerivedFile } from './derived-files.ts'

const FOLDER = 'packages/events/src/definitions'
/** Values that definitions share; no definition. */
const VALUES = 'values.ts'

/**
 * `packages/events/src/definitions.ts`, which passes on every file of the folder `definitions/`. The catalogue and the
 * package's index take the definitions from there, so that a new one is a file and a line of the catalogue. Made from the
 * names of the files alone: it has to be right before anything that imports the catalogue can run.
 */
export function definitionsList(root: string): DerivedFile {
  const types = readdirSync(join(root, FOLDER))
    .filter((file) => file.endsWith('.ts') && file !== VALUES)
    .map((file) => file.slice(0, -'.ts'.length))
    .sort()
  const lines = types.map((type) => `export { ${toIdentifier(type)} } from './definitions/${type}.ts'\n`)
  return {
    path: `${FOLDER}.ts`,
    text: `// Derived from the files of definitions/: npm run derive.\n${lines.join('')}`,
  }
}

/** The constant that a type's definition is: `order-placed` → `orderPlaced`. */
export function toIdentifier(type: string): string {
  return type.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())
}
