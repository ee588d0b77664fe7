import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { releasePath } from './compare-releases.ts'
import type { Release } from './release.ts'

/**
 * What was released, one file a type, in order of the alphabet. A type without a file was never released.
 * @throws Error naming the file that is no release
 */
export function readReleases(root: string): Release[] {
  return readdirSync(join(root, dirname(releasePath('any'))))
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => readRelease(root, file.slice(0, -'.json'.length)))
}

export function writeRelease(root: string, release: Release): void {
  const file = join(root, releasePath(release.type))
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, encode(release))
}

function encode(release: Release): string {
  return `${JSON.stringify(release, null, 2)}\n`
}

function readRelease(root: string, type: string): Release {
  const path = releasePath(type)
  try {
    const release = JSON.parse(readFileSync(join(root, path), 'utf8')) as Release
    if (release.type === type && Number.isInteger(release.version) && typeof release.schema === 'object')
      return release
  } catch (cause) {
    throw new Error(
      `${path} is not JSON. Take it from git again; only npm run schemas -- release writes it.`,
      { cause },
    )
  }
  throw new Error(
    `${path} is no release of ${type}. Take it from git again; only npm run schemas -- release writes it.`,
  )
}
