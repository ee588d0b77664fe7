import { existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** A file as it shall be, relative to the root; `undefined`: it shall not be. */
export type Change = { readonly path: string; readonly text: string | undefined }

/**
 * Makes the changes, all or none: when one fails, those before it are undone. Returns how to undo all of them, byte for
 * byte, with the folders that were made for them.
 */
export function changeTree(root: string, changes: readonly Change[]): { undo(): void } {
  const before = changes.map(({ path }) => ({
    path,
    bytes: existsSync(join(root, path)) ? readFileSync(join(root, path)) : undefined,
  }))
  const made: string[] = []
  const undo = () => {
    for (const { path, bytes } of before) {
      if (bytes === undefined) rmSync(join(root, path), { force: true })
      else {
        mkdirSync(dirname(join(root, path)), { recursive: true })
        writeFileSync(join(root, path), bytes)
      }
    }
    for (const folder of made.toReversed()) rmSync(folder, { recursive: true, force: true })
  }
  try {
    for (const { path, text } of changes) {
      const file = join(root, path)
      if (text === undefined) {
        rmSync(file, { force: true })
        continue
      }
      const first = mkdirSync(dirname(file), { recursive: true })
      if (first !== undefined) made.push(first)
      writeFileSync(file, text)
    }
  } catch (error) {
    undo()
    throw error
  }
  return { undo }
}

/** Removes a service's folder with what was installed in it, unless somebody put something else there. */
export function removeServiceFolder(root: string, service: string): void {
  const folder = join(root, 'services', service)
  rmSync(join(folder, 'node_modules'), { recursive: true, force: true })
  try {
    rmdirSync(folder)
  } catch (error) {
    if (!['ENOENT', 'ENOTEMPTY'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}
