import { readdirSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join, posix } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseAst } from 'vitest/node'

/**
 * The dependency lines: what each part may import of Sluice. A new package needs a line here, and a reason.
 * Tests may use `@sluice/testing` on top.
 */
const MAY_USE: Readonly<Record<string, readonly string[]>> = {
  'packages/events': [],
  // Types alone: neither definitions nor zod belong in a bundle that does not ask for them.
  'packages/client': ['events'],
  'packages/telemetry': [],
  'packages/kafka': ['telemetry'],
  'packages/schema-registry': ['events'],
  'packages/service': ['events', 'kafka', 'schema-registry', 'telemetry'],
  // What a new service is copied from, so no more than a service may use.
  'packages/template': ['events', 'service'],
  'packages/testing': ['events', 'kafka', 'service', 'telemetry'],
  'packages/credentials': ['events'],
  'packages/rules': ['events'],
  'packages/decisions': ['events'],
  'packages/operations': ['events', 'kafka', 'rules', 'telemetry'],
  'services/gateway': [
    ...['credentials', 'decisions', 'events', 'kafka', 'operations', 'rules', 'service', 'telemetry'],
  ],
  'services/*': ['events', 'service'],
  tools: [
    'credentials',
    'events',
    'kafka',
    'operations',
    'rules',
    'schema-registry',
    'service',
    'telemetry',
    'testing',
  ],
  tests: ['client', 'decisions', 'events', 'kafka', 'service', 'telemetry', 'testing'],
  bench: ['decisions', 'events', 'kafka', 'rules', 'service', 'telemetry', 'testing'],
}

/**
 * A library that belongs to one place, so that replacing it means changing that place. The bench may use any: it
 * compares us with what others would write.
 */
const ONLY_IN: Readonly<Record<string, RegExp>> = {
  '@kafkajs/confluent-schema-registry': /^packages\/schema-registry\//,
  '@marcbachmann/cel-js': /^packages\/rules\//,
  kafkajs: /^packages\/kafka\/src\/kafkajs-[^/]+\.ts$/,
  fastify: /^services\/gateway\//,
  pino: /^packages\/telemetry\//,
  'prom-client': /^packages\/telemetry\//,
  testcontainers: /^packages\/testing\//,
}

/** What decides but never does: no file, no socket, no timer, no client. */
const PURE =
  /^packages\/((events|rules|decisions)\/src\/.*|kafka\/src\/(lane-scheduler|offset-tracker|backoff|partition|co-partition-assigner|key-gate|dead-letter|fifo|handled-window|window-rebuild|brake))\.ts$/
const PURE_MODULES = [
  ...['node:crypto', 'node:util', 'node:buffer', 'zod'],
  // Pure itself; and what rules are written in and judged with.
  '@sluice/events',
  ...['@marcbachmann/cel-js', 'fastest-levenshtein', 'isbot', 're2js', 'yaml'],
]

/** Runs in a page: Web APIs only, and of Sluice nothing but types. */
const FOR_PAGES = /^packages\/client\/src\//

/** Derived, and named re-exports itself: an index may pass on all of it. */
const LIST_OF_DEFINITIONS = './definitions.ts'

/** Runs before anything is installed. */
const BEFORE_INSTALL = /^tools\/run(\/.*)?\.mjs$/

/** The door of a root command whose files are a package of their own. */
const DOORS: Readonly<Record<string, string>> = {
  'tools/bench.ts': 'bench/main.ts',
  'tools/test-compose.ts': 'tests/compose/main.ts',
  'tools/test-faults.ts': 'tests/faults/main.ts',
}

const NAMES_OF_NOTHING = /^(utils?|helpers?|lib|types|common|managers?|misc|shared)$/
const KEBAB_CASE = /^[a-z0-9]+(-[a-z0-9]+)*(\.int)?(\.test)?\.(ts|mjs)$/
const SERVICE_FILES = ['handler.test.ts', 'handler.ts', 'main.ts', 'package.json']

describe('the architecture', () => {
  it('is crossed nowhere', () => {
    const tree = readTree(join(import.meta.dirname, '..'))
    // If the reading broke, there would be nothing to complain about.
    expect(tree.length).toBeGreaterThan(50)
    expect(findViolations(tree)).toEqual([])
  })
})

describe('the check finds', () => {
  it.each<[string, readonly File[], string]>([
    [
      'a static import against the lines',
      [ts('packages/events/src/a.ts', `import { x } from '@sluice/kafka'`)],
      'may not use @sluice/kafka',
    ],
    [
      'an import of types',
      [ts('packages/kafka/src/a.ts', `import type { Event } from '@sluice/events'`)],
      'may not use @sluice/events',
    ],
    [
      'an import of types inside a type',
      [ts('packages/kafka/src/a.ts', `let a: import('@sluice/events').Event`)],
      'may not use @sluice/events',
    ],
    [
      'a dynamic import',
      [ts('packages/telemetry/src/a.ts', `await import('@sluice/service')`)],
      'may not use @sluice/service',
    ],
    [
      'a re-export',
      [ts('services/order-placed/handler.ts', `export * from '@sluice/kafka'`)],
      'may not use @sluice/kafka',
    ],
    [
      'a named re-export',
      [ts('services/order-placed/handler.ts', `export { x } from '@sluice/kafka'`)],
      'may not use @sluice/kafka',
    ],
    [
      'an import for its effect',
      [ts('services/order-placed/main.ts', `import '@sluice/telemetry'`)],
      'may not use @sluice/telemetry',
    ],
    [
      'a file of another package',
      [ts('packages/kafka/src/a.ts', `import { x } from '@sluice/telemetry/src/metrics.ts'`)],
      'not an entry of @sluice/telemetry',
    ],
    [
      'a service that imports another',
      [ts('services/order-placed/handler.ts', `import { handle } from '@sluice/page-viewed'`)],
      'may not use @sluice/page-viewed',
    ],
    [
      'a relative way out of the package',
      [ts('services/gateway/src/a.ts', `import { handle } from '../../page-viewed/handler.ts'`)],
      'leaves its package',
    ],
    ['an import that cannot be read', [ts('packages/kafka/src/a.ts', 'await import(name)')], 'not a literal'],
    [
      'kafkajs outside its adapter',
      [ts('packages/kafka/src/publisher.ts', `import { Kafka } from 'kafkajs'`)],
      'kafkajs belongs in',
    ],
    [
      'Fastify outside the gateway',
      [ts('packages/service/src/a.ts', `import fastify from 'fastify'`)],
      'fastify belongs in',
    ],
    [
      'the test library in production code',
      [ts('packages/service/src/a.ts', `import { waitFor } from '@sluice/testing'`)],
      'may not use @sluice/testing',
    ],
    [
      'a Node module in what runs in pages',
      [ts('packages/client/src/a.ts', `import { randomUUID } from 'node:crypto'`)],
      'runs in pages, which have no node:crypto',
    ],
    [
      'more than types in what runs in pages',
      [ts('packages/client/src/a.ts', `import { orderPlaced } from '@sluice/events'`)],
      'runs in pages, which have no @sluice/events',
    ],
    ['a package without a line', [ts('packages/unheard-of/src/a.ts', '')], 'no dependency line'],
    [
      'an import that package.json does not name',
      [manifest('packages/kafka', []), ts('packages/kafka/src/a.ts', `import { z } from 'zod'`)],
      'does not depend on zod',
    ],
    [
      'the same in a test',
      [manifest('packages/kafka', []), ts('packages/kafka/src/a.test.ts', `import { z } from 'zod'`)],
      'does not depend on zod',
    ],
    [
      'a dependency that nothing imports',
      [manifest('packages/kafka', ['zod']), ts('packages/kafka/src/a.ts', '')],
      'zod is not used',
    ],
    [
      'a dependency that only a test imports',
      [manifest('packages/kafka', ['zod']), ts('packages/kafka/src/a.test.ts', `import { z } from 'zod'`)],
      'zod is not used',
    ],
    [
      'a pure file that reads files',
      [ts('packages/events/src/a.ts', `import { readFileSync } from 'node:fs'`)],
      'pure',
    ],
    [
      'a pure file that reads files by an old name',
      [ts('packages/events/src/a.ts', `import { readFileSync } from 'fs'`)],
      'pure',
    ],
    [
      'a pure file that sets timers',
      [ts('packages/kafka/src/backoff.ts', `import { setTimeout } from 'node:timers/promises'`)],
      'pure',
    ],
    [
      'a pure file that goes through one that is not',
      [ts('packages/kafka/src/fifo.ts', `import { createPublisher } from './publisher.ts'`)],
      'pure',
    ],
    [
      'a package needed before the install',
      [ts('tools/run/a.mjs', `import pc from 'picocolors'`)],
      'before the install',
    ],
    [
      'a TypeScript file needed before the install',
      [ts('tools/run.mjs', `import './start.ts'`)],
      'before the install',
    ],
    ['a file named after nothing', [ts('packages/kafka/src/utils.ts', '')], 'named after nothing'],
    ['a folder named after nothing', [ts('services/gateway/src/common/route.ts', '')], 'named after nothing'],
    [
      'a word of nothing in a longer name',
      [ts('packages/kafka/src/offset-helpers.ts', '')],
      'named after nothing',
    ],
    ['a file in camel case', [ts('packages/kafka/src/laneConsumer.ts', '')], 'kebab-case'],
    [
      'a service with a file of its own',
      [...service('order-placed'), ts('services/order-placed/stock.ts', '')],
      'must hold exactly',
    ],
    [
      'a service without a test',
      service('order-placed').filter(({ path }) => !path.endsWith('.test.ts')),
      'must hold exactly',
    ],
    [
      'an output that main.ts does not declare',
      [
        ts('services/order-placed/main.ts', 'runConsumer({ produces: [stockReserved], handle })'),
        ts('services/order-placed/handler.ts', 'fraudCheckRequested.from(order, {})'),
      ],
      'does not declare fraudCheckRequested',
    ],
    ['logic in an index', [ts('packages/events/src/index.ts', 'export const x = 1')], 'only re-exports'],
    [
      'everything of a file passed on by an index',
      [ts('packages/events/src/index.ts', `export * from './catalogue.ts'`)],
      'only re-exports',
    ],
    ['a file that does not parse', [ts('packages/events/src/a.ts', 'import {')], 'does not parse'],
  ])('%s', (_what, files, complaint) => {
    expect(findViolations(files).join('\n')).toContain(complaint)
  })

  it('nothing in what is allowed', () => {
    const files = [
      ...service('order-placed'),
      manifest('packages/kafka', ['kafkajs', '@sluice/telemetry']),
      ts('packages/kafka/src/kafkajs-client.ts', `import { Kafka } from 'kafkajs'\nimport './fifo.ts'`),
      ts('packages/kafka/src/fifo.ts', `import type { Publisher } from './publisher.ts'`),
      ts('packages/kafka/src/publisher.ts', `import type { Metrics } from '@sluice/telemetry'`),
      ts(
        'packages/kafka/src/fifo.test.ts',
        `import { it } from 'vitest'\nimport { waitFor } from '@sluice/testing'`,
      ),
      ts('packages/kafka/src/index.ts', `// import 'fastify'\nexport { fifo } from './fifo.ts'`),
    ]
    expect(findViolations(files)).toEqual([])
  })
})

type File = { readonly path: string; readonly source: string }
type Import = { readonly from: string; readonly typeOnly: boolean }

/** Every place where the files leave the architecture, as `path: complaint`. Pure. */
function findViolations(files: readonly File[]): string[] {
  const modules = files.filter(({ path }) => /\.(ts|mjs)$/.test(path))
  const imports = new Map<string, readonly Import[]>()
  const violations: string[] = []
  for (const { path, source } of modules) {
    try {
      imports.set(path, listImports(source))
    } catch (error) {
      violations.push(`${path}: does not parse: ${(error as Error).message}`)
    }
  }
  const dependencies = readDependencies(files)
  for (const [path, of] of imports) {
    violations.push(
      ...of.flatMap((one) => judgeImport(path, one, dependencies).map((text) => `${path}: ${text}`)),
    )
  }
  for (const { path, source } of modules) violations.push(...judgeName(path), ...judgeIndex(path, source))
  return [...violations, ...judgeUnused(dependencies, imports), ...judgeServices(files)]
}

function judgeImport(path: string, { from, typeOnly }: Import, dependencies: Dependencies): string[] {
  const home = homeOf(path)
  if (from === '' && isTest(path)) return []
  if (from === '') return ['imports something that is not a literal, which no check can follow.']
  if (from.startsWith('.')) {
    const target = posix.join(posix.dirname(path), from)
    const complaints =
      target.startsWith(`${home}/`) || DOORS[path] === target ? [] : [`${from} leaves its package.`]
    if (isPure(path) && !typeOnly && !isPure(target)) complaints.push(`is pure, and ${from} is not.`)
    if (BEFORE_INSTALL.test(path) && !BEFORE_INSTALL.test(target)) {
      complaints.push(`runs before the install, and ${from} does not.`)
    }
    return complaints
  }
  const name = packageOf(from)
  const complaints: string[] = []
  if (BEFORE_INSTALL.test(path) && !from.startsWith('node:')) {
    complaints.push(`runs before the install, when there is no ${name} yet.`)
  }
  if (isPure(path) && !typeOnly && !PURE_MODULES.includes(from))
    complaints.push(`is pure and may not use ${from}.`)
  if (FOR_PAGES.test(path) && !isTest(path) && !typeOnly)
    complaints.push(`runs in pages, which have no ${from}.`)
  if (isBuiltin(from)) return complaints
  const allowed = MAY_USE[home] ?? (home.startsWith('services/') ? MAY_USE['services/*'] : undefined)
  if (name.startsWith('@sluice/')) {
    const wanted = name.slice('@sluice/'.length)
    if (!allowed?.includes(wanted) && !(isTest(path) && wanted === 'testing'))
      complaints.push(`may not use ${name}.`)
    if (/\.ts$/.test(from)) complaints.push(`${from} is not an entry of ${name}.`)
  }
  const place = ONLY_IN[name]
  if (place && !place.test(path) && !isTest(path) && home !== 'bench')
    complaints.push(`${name} belongs in ${place.source}.`)
  const own = dependencies.get(home)
  const available = own?.has(name) || (isTest(path) && dependencies.get('')?.has(name))
  if (own && !available) complaints.push(`${home}/package.json does not depend on ${name}.`)
  return complaints
}

function judgeName(path: string): string[] {
  const home = homeOf(path)
  const complaints: string[] = []
  const known = MAY_USE[home] ?? home.startsWith('services/')
  if (!known) complaints.push(`${path}: there is no dependency line for ${home}.`)
  const words = path
    .slice(home.length)
    .replace(/\.(ts|mjs)$/, '')
    .split(/[/.-]/)
  // `/v1/types` is what the public contract calls it.
  const isRoute = path.startsWith('services/gateway/src/routes/')
  if (!isRoute && words.some((word) => NAMES_OF_NOTHING.test(word))) {
    complaints.push(`${path}: is named after nothing that is inside.`)
  }
  if (!KEBAB_CASE.test(posix.basename(path))) complaints.push(`${path}: is not in kebab-case.`)
  return complaints
}

function judgeIndex(path: string, source: string): string[] {
  if (!/^packages\/[^/]+\/src\/index\.ts$/.test(path)) return []
  const named = parseAst(source, { lang: 'ts' }).body.every(
    (statement) =>
      (statement.type === 'ExportNamedDeclaration' && statement.source) ||
      (statement.type === 'ExportAllDeclaration' && statement.source.value === LIST_OF_DEFINITIONS),
  )
  return named ? [] : [`${path}: holds more than named re-exports; an index only re-exports.`]
}

function judgeUnused(dependencies: Dependencies, imports: ReadonlyMap<string, readonly Import[]>): string[] {
  return [...dependencies].flatMap(([home, names]) => {
    if (home === '') return []
    const used = new Set(
      [...imports]
        .filter(([path]) => homeOf(path) === home && (home === 'tests' || !isTest(path)))
        .flatMap(([, of]) => of.map(({ from }) => packageOf(from))),
    )
    return [...names]
      .filter((name) => !used.has(name))
      .map((name) => `${home}/package.json: ${name} is not used.`)
  })
}

function judgeServices(files: readonly File[]): string[] {
  const folders = Map.groupBy(
    files.filter(({ path }) => /^services\/(?!gateway\/)/.test(path)),
    ({ path }) => homeOf(path),
  )
  return [...folders].flatMap(([home, own]) => {
    const names = own.map(({ path }) => path.slice(home.length + 1)).sort()
    const complaints: string[] = []
    // Planted files come one by one; a folder is judged when its package.json is there.
    if (names.includes('package.json') && names.join() !== SERVICE_FILES.join()) {
      complaints.push(`${home}: holds ${names.join(', ')}; it must hold exactly ${SERVICE_FILES.join(', ')}.`)
    }
    const sourceOf = (name: string) => own.find(({ path }) => path === `${home}/${name}`)?.source ?? ''
    const declared: readonly string[] =
      /produces: \[([^\]]*)\]/.exec(sourceOf('main.ts'))?.[1]?.match(/\w+/g) ?? []
    for (const [, made] of sourceOf('handler.ts').matchAll(/(\w+)\.from\(/g)) {
      if (!declared.includes(made!))
        complaints.push(`${home}/main.ts: does not declare ${made} under produces.`)
    }
    return complaints
  })
}

/** Static, dynamic, for types, for effect, and re-exported. `from` is empty where it is computed. */
function listImports(source: string): Import[] {
  const found: Import[] = []
  visit(parseAst(source, { lang: 'ts' }), (node) => {
    const { type, source, specifiers = [] } = node
    const typeOnly =
      type === 'TSImportType' ||
      node['importKind'] === 'type' ||
      node['exportKind'] === 'type' ||
      (specifiers.length > 0 &&
        specifiers.every(({ importKind, exportKind }) => (importKind ?? exportKind) === 'type'))
    const imports = /^(Import(Declaration|Expression)|Export(All|Named)Declaration|TSImportType)$/.test(type)
    if (imports && source) found.push({ from: String(source.value ?? ''), typeOnly })
  })
  return found
}

type Node = {
  readonly type: string
  readonly source?: { readonly value?: unknown } | null
  readonly specifiers?: readonly { readonly importKind?: string; readonly exportKind?: string }[]
  readonly [field: string]: unknown
}

function visit(value: unknown, see: (node: Node) => void): void {
  if (typeof value !== 'object' || value === null) return
  if (typeof (value as Node).type === 'string') see(value as Node)
  for (const part of Object.values(value)) visit(part, see)
}

type Dependencies = ReadonlyMap<string, ReadonlySet<string>>

/** By home; the root, under the empty name, is what tests can always import. */
function readDependencies(files: readonly File[]): Dependencies {
  const read = new Map<string, ReadonlySet<string>>([
    ['', new Set(['vitest', 'fast-check', '@sluice/testing'])],
  ])
  for (const { path, source } of files) {
    if (posix.basename(path) !== 'package.json') continue
    const { dependencies, devDependencies } = JSON.parse(source)
    const home = path === 'package.json' ? '' : homeOf(path)
    read.set(home, new Set(Object.keys({ ...dependencies, ...devDependencies })))
  }
  return read
}

function homeOf(path: string): string {
  const [first, second] = path.split('/')
  return first === 'packages' || first === 'services' ? `${first}/${second}` : first!
}

function packageOf(from: string): string {
  return from.split('/', from.startsWith('@') ? 2 : 1).join('/')
}

function isTest(path: string): boolean {
  return path.endsWith('.test.ts') || path.startsWith('tests/') || path.includes('/test-fixtures/')
}

function isPure(path: string): boolean {
  return PURE.test(path) && !isTest(path)
}

function ts(path: string, source: string): File {
  return { path, source }
}

function manifest(home: string, dependencies: readonly string[]): File {
  const source = JSON.stringify({ dependencies: Object.fromEntries(dependencies.map((name) => [name, '*'])) })
  return { path: `${home}/package.json`, source }
}

/** A consumer service as it should be. */
function service(name: string): File[] {
  const folder = `services/${name}`
  return [
    manifest(folder, ['@sluice/events', '@sluice/service']),
    ts(
      `${folder}/main.ts`,
      `import { runConsumer } from '@sluice/service'\nrunConsumer({ produces: [stockReserved] })`,
    ),
    ts(
      `${folder}/handler.ts`,
      `import { stockReserved } from '@sluice/events'\nstockReserved.from(order, {})`,
    ),
    ts(
      `${folder}/handler.test.ts`,
      `import { given } from '@sluice/testing/given'\nimport { it } from 'vitest'`,
    ),
  ]
}

/** The sources and manifests, with paths from the root and forward slashes. */
function readTree(root: string): File[] {
  const read = (path: string): File => ({ path, source: readFileSync(join(root, path), 'utf8') })
  const within = (folder: string): File[] =>
    readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = posix.join(folder, entry.name)
      if (entry.isDirectory())
        return entry.name === 'node_modules' || entry.name.startsWith('.') ? [] : within(path)
      return /(\.ts|\.mjs|^package\.json)$/.test(entry.name) ? [read(path)] : []
    })
  return [read('package.json'), ...['packages', 'services', 'tools', 'tests', 'bench'].flatMap(within)]
}
