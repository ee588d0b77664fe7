import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fingerprint } from '../run/install.mjs'

/** pnpm's lockfile, relative to the root. */
export const LOCKFILE = 'pnpm-lock.yaml'

/**
 * The lockfile with the given services in it and no others: each depends on the same two packages of this workspace, so
 * nothing has to be resolved, and what `pnpm install` would write is known. `--frozen-lockfile` takes it.
 */
export function lockServices(
  lockfile: string,
  change: { readonly add?: readonly string[]; readonly remove?: readonly string[] },
): string {
  const start = lockfile.indexOf('\nimporters:\n') + '\nimporters:\n'.length
  const end = lockfile.indexOf('\npackages:\n')
  if (start < end && lockfile.includes('\nimporters:\n')) {
    const blocks = lockfile
      .slice(start, end)
      .split(/\n(?= {2}\S)/)
      .map((block) => block.trim())
    const nameOf = (block: string) => /^(.*):/.exec(block)![1]!
    const removed = new Set(
      [...(change.remove ?? []), ...(change.add ?? [])].map((name) => `services/${name}`),
    )
    const kept = blocks.filter((block) => block !== '' && !removed.has(nameOf(block)))
    const added = (change.add ?? []).map((name) => `services/${name}:${BLOCK}`)
    const sorted = [...kept, ...added].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
    return `${lockfile.slice(0, start)}\n${sorted.map((block) => `  ${block}\n`).join('\n')}${lockfile.slice(end)}`
  }
  throw new Error(`${LOCKFILE} is not laid out as pnpm 12 does it.`)
}

/** What a consumer service depends on. */
const DEPENDENCIES = ['events', 'service']

const BLOCK = `
    dependencies:${DEPENDENCIES.map(
      (name) => `
      '@sluice/${name}':
        specifier: workspace:*
        version: link:../../packages/${name}`,
    ).join('')}`

/** Makes the links of a new service that `pnpm install` would make. */
export function linkService(root: string, service: string): void {
  for (const name of DEPENDENCIES) {
    const link = join(root, 'services', service, 'node_modules', '@sluice', name)
    if (existsSync(link)) continue
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(relative(dirname(link), join(root, 'packages', name)), link, 'dir')
  }
}

/** Notes that what is installed is what the lockfile says, so that the next command does not install again. */
export function markInstalled(root: string): void {
  const mark = join(root, 'node_modules', '.sluice-installed')
  if (existsSync(mark)) writeFileSync(mark, fingerprint(root))
}
