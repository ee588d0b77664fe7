import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CatalogueEntry, planTopics } from '@sluice/events'
import { toIdentifier } from '../derive/definitions-list.ts'
import { CATALOGUE, changeLine, removeLine } from './catalogue-line.ts'
import type { Change } from './change-tree.ts'
import { RefusedError } from './errors.ts'
import { lockChange, namesOf } from './plan-event.ts'

/** What will be taken away. */
export type RemovePlan = {
  readonly types: readonly string[]
  readonly services: readonly string[]
  readonly changes: readonly Change[]
  /** They stay: events in them may be wanted. */
  readonly topics: readonly string[]
}

/**
 * Plans the undoing of a type, whole: its services, its definition, its line, and the types that only its services
 * produced and nobody reads; or, where the name is that of a second service, of this and of what only it produced.
 * @throws RefusedError when there is no such thing, or something else needs it
 */
export function planRemove(root: string, entries: readonly CatalogueEntry[], name: string): RemovePlan {
  const entry = entries.find(({ definition }) => definition.type === name)
  if (entry === undefined) return planRemoveService(root, entries, name)
  const services = entry.services
  const removed = new Set([definitionPath(name), ...services.map((service) => `services/${service}/`)])
  const uses = findUses(root)
  const orphans = findOrphans(entries, uses, removed).filter((orphan) => orphan !== entry)
  const users = uses(name).filter((path) => !isIn(path, removed))
  if (users.length > 0) {
    throw new RefusedError(
      `${name} is used elsewhere; take it out of these first:\n${users.map((path) => `  ${path}`).join('\n')}`,
    )
  }
  const gone = [entry, ...orphans]
  const types = gone.map(({ definition }) => definition.type)
  const catalogue = types.reduce(removeLine, readFileSync(join(root, CATALOGUE), 'utf8'))
  return {
    types,
    services,
    changes: [
      ...types.map((type) => ({ path: definitionPath(type), text: undefined })),
      ...services.flatMap((service) => filesOf(root, service)),
      { path: CATALOGUE, text: catalogue },
      lockChange(root, { remove: services }),
    ],
    topics: planTopics(gone).map(({ topic }) => topic),
  }
}

function planRemoveService(root: string, entries: readonly CatalogueEntry[], service: string): RemovePlan {
  const entry = entries.find(({ services }) => services.includes(service))
  if (entry === undefined) {
    const { types, services } = namesOf(entries)
    const known = [...new Set([...types, ...services])].join(', ')
    throw new RefusedError(`There is no event type and no service "${service}". There are ${known}.`)
  }
  const { definition, services } = entry
  const left = services.filter((other) => other !== service)
  if (left.length === 0 && definition.origin === 'producer') {
    throw new RefusedError(
      `"${service}" is the only service of ${definition.type}: its events would end nowhere. To undo both: npm run new -- remove ${definition.type}`,
    )
  }
  const kept = new Set(planTopics([{ definition, services: left }]).map(({ topic }) => topic))
  const orphans = findOrphans(entries, findUses(root), new Set([`services/${service}/`]))
  const types = orphans.map((orphan) => orphan.definition.type)
  const catalogue = changeLine(readFileSync(join(root, CATALOGUE), 'utf8'), definition.type, left)
  return {
    types,
    services: [service],
    changes: [
      ...types.map((type) => ({ path: definitionPath(type), text: undefined })),
      ...filesOf(root, service),
      { path: CATALOGUE, text: types.reduce(removeLine, catalogue) },
      lockChange(root, { remove: [service] }),
    ],
    topics: planTopics([entry, ...orphans]).flatMap(({ topic }) => (kept.has(topic) ? [] : [topic])),
  }
}

/** Derived types that nobody reads and that only what is removed names. */
function findOrphans(
  entries: readonly CatalogueEntry[],
  uses: (type: string) => string[],
  removed: ReadonlySet<string>,
): CatalogueEntry[] {
  return entries.filter(({ definition, services }) => {
    if (definition.origin !== 'derived' || services.length > 0) return false
    const users = uses(definition.type)
    return users.length > 0 && users.every((path) => isIn(path, removed))
  })
}

function definitionPath(type: string): string {
  return `packages/events/src/definitions/${type}.ts`
}

function filesOf(root: string, service: string): Change[] {
  const folder = join(root, 'services', service)
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => ({ path: `services/${service}/${name}`, text: undefined }))
}

/** Where types are named, by the constant or by the name in quotation marks: every source but what lists them all. */
function findUses(root: string): (type: string) => string[] {
  const lists = new Set([CATALOGUE, 'packages/events/src/definitions.ts'])
  // What is beside this file names types as examples of names.
  const isExample = (path: string) => path.startsWith('tools/new/') || path === 'tools/new.ts'
  const sources = ['packages', 'services', 'tools', 'tests', 'bench'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .map((path) => `${folder}/${path.replaceAll('\\', '/')}`)
      .filter(
        (path) =>
          path.endsWith('.ts') && !path.includes('node_modules') && !lists.has(path) && !isExample(path),
      )
      .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') })),
  )
  return (type) => {
    const named = new RegExp(`\\b${toIdentifier(type)}\\b|['"\`]${type}['"\`]`)
    return sources
      .filter(({ path, text }) => path !== definitionPath(type) && named.test(text))
      .map(({ path }) => path)
  }
}

function isIn(path: string, places: ReadonlySet<string>): boolean {
  return [...places].some((place) => path === place || (place.endsWith('/') && path.startsWith(place)))
}
