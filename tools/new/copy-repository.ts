import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/**
 * Copies the repository as it stands, without what git ignores, into a temporary folder, for trying out what changes it.
 * Packages are not copied: pnpm's store is linked, and the links of each `node_modules` are made again, so that those
 * between packages of the workspace lead into the copy. Returns its path; the caller removes it.
 */
export function copyRepository(root: string): string {
  // Its real path: Node resolves links, and a module must have one path only.
  const copy = mkdtempSync(join(tmpdir(), 'sluice-copy-'))
  for (const path of listFiles(root)) {
    mkdirSync(dirname(join(copy, path)), { recursive: true })
    cpSync(join(root, path), join(copy, path))
  }
  const packages = ['packages', 'services'].flatMap((folder) =>
    readdirSync(join(copy, folder)).map((name) => join(folder, name)),
  )
  for (const folder of ['.', 'tools', 'tests', 'bench', ...packages]) {
    linkModules(join(root, folder, 'node_modules'), join(copy, folder, 'node_modules'))
  }
  return copy
}

/** Tracked and new, that are there. */
function listFiles(root: string): string[] {
  const git = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  if (git.status !== 0) throw new Error(`git ls-files failed: ${git.stderr}`)
  return [...new Set(git.stdout.split('\0'))].filter((path) => path !== '' && existsSync(join(root, path)))
}

/** pnpm's links are relative, so that the same link leads to the same place in the copy. */
function linkModules(from: string, to: string): void {
  if (!existsSync(from)) return
  mkdirSync(to, { recursive: true })
  for (const name of readdirSync(from)) {
    const path = join(from, name)
    if (name === '.pnpm') symlinkSync(path, join(to, name), 'dir')
    else if (lstatSync(path).isSymbolicLink()) symlinkSync(readlinkSync(path), join(to, name), 'dir')
    else if (name.startsWith('@')) linkModules(path, join(to, name))
    else cpSync(path, join(to, name), { recursive: true, verbatimSymlinks: true })
  }
}

if (import.meta.main) console.log(copyRepository(process.cwd()))
