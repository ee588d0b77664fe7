import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** A file that follows from the code, whole. Its path is relative to the root, with slashes. */
export type DerivedFile = { readonly path: string; readonly text: string }

/** Compares byte for byte and names each file that differs or is missing. Returns the exit code: 1 if any. */
export function checkFiles(root: string, files: readonly DerivedFile[], say: (line: string) => void): 0 | 1 {
  const differing = files.filter(({ path, text }) => read(join(root, path)) !== text)
  for (const { path } of differing) say(`${path} is not what the code says. Run: npm run derive`)
  if (differing.length === 0) say(`up to date: ${files.map(({ path }) => path).join(', ')}`)
  return differing.length === 0 ? 0 : 1
}

/** Writes those that differ and names them. Returns the exit code: 0. */
export function writeFiles(root: string, files: readonly DerivedFile[], say: (line: string) => void): 0 {
  for (const { path, text } of files) {
    const file = join(root, path)
    const same = read(file) === text
    if (!same) {
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, text)
    }
    say(`${path} ${same ? 'was up to date' : 'written'}`)
  }
  return 0
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
