import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { WebhookDefinition } from '@octokit/webhooks-examples'
import { catalogue, dataSchemaOf } from '@sluice/events'
import { changeTree } from './change-tree.ts'
import { copyRepository } from './copy-repository.ts'
import { RefusedError } from './errors.ts'
import { listChange, planEvent } from './plan-event.ts'
import { formatCheck, runChecks, typeCheck } from './run-checks.ts'

/** What became of one kind of webhook as an event type. */
export type WebhookRow = {
  readonly kind: string
  readonly samples: number
  /** Samples that the definition takes, as the gateway would. */
  readonly accepted: number
  /** Why there is no type of this kind, or what the first sample failed by. */
  readonly refused?: string
}

type Kind = { readonly kind: string; readonly type: string; readonly samples: readonly unknown[] }

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/**
 * Makes an event type of every kind of real webhook that the package `@octokit/webhooks-examples` has, of github.com and of
 * GitHub's servers, on a copy of the repository: all of them beside each other, formatted, type-checked, and each judging
 * all of its own samples as the gateway would.
 * @throws CheckError when what was generated does not pass
 */
export async function tryWebhooks(): Promise<WebhookRow[]> {
  const copy = copyRepository(ROOT)
  try {
    const refused = writeWebhookTypes(copy)
    changeTree(copy, [listChange(copy)])
    const { signal } = new AbortController()
    await runChecks(copy, [formatCheck(copy, ['packages/events'])], signal)
    await runChecks(copy, [typeCheck(copy)], signal)
    return judgeWebhooks(copy, refused)
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

/** Writes the definitions and their lines into a copy. Returns why a kind was refused, by kind. */
export function writeWebhookTypes(copy: string): ReadonlyMap<string, string> {
  const refused = new Map<string, string>()
  for (const { kind, type, samples } of readKinds()) {
    try {
      const { changes } = planEvent(copy, catalogue, { type, samples: { from: kind, data: samples } })
      // The definition and its line: the services are the same for all, and tested with others.
      const ofEvents = changes.filter(({ path }) => path.startsWith('packages/'))
      changeTree(copy, ofEvents.map(withoutServices))
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error
      refused.set(kind, error.message)
    }
  }
  return refused
}

/** What became of each kind: the copy's own definitions judge, in a process that has loaded them. */
export function judgeWebhooks(copy: string, refused: ReadonlyMap<string, string>): WebhookRow[] {
  const script = join(copy, 'tools/new/webhook-samples.ts')
  const judging = spawnSync(process.execPath, [script, '--judge'], { encoding: 'utf8', maxBuffer: 2 ** 26 })
  if (judging.status !== 0) throw new Error(`The generated definitions cannot be loaded:\n${judging.stderr}`)
  const verdicts: Verdicts = JSON.parse(judging.stdout)
  return readKinds().map(({ kind, type, samples }) => {
    const why = refused.get(kind)
    if (why !== undefined) return { kind, samples: samples.length, accepted: 0, refused: why }
    return { kind, samples: samples.length, ...verdicts[type]! }
  })
}

/** The rows as a table in Markdown, with the sums. */
export function webhookTable(rows: readonly WebhookRow[]): string {
  const sum = (of: (row: WebhookRow) => number) => rows.reduce((total, row) => total + of(row), 0)
  const whole = rows.filter(({ samples, accepted }) => samples === accepted).length
  return [
    '| kind | samples | accepted | refused, and why |',
    '|---|---:|---:|---|',
    ...rows.map(
      ({ kind, samples, accepted, refused = '–' }) => `| ${kind} | ${samples} | ${accepted} | ${refused} |`,
    ),
    `| ${rows.length} kinds, ${whole} whole | ${sum(({ samples }) => samples)} | ${sum(({ accepted }) => accepted)} | ${rows.filter(({ refused }) => refused).length} |`,
  ].join('\n')
}

/** They are given none; only the test of the catalogue would mind. */
function withoutServices({ path, text }: { readonly path: string; readonly text: string | undefined }) {
  return { path, text: text?.replace(/(definition: events\.\w+Received, services: )\[[^\]]*\]/g, '$1[]') }
}

function readKinds(): Kind[] {
  const folder = join(dirname(fileURLToPath(import.meta.resolve('@octokit/webhooks-examples'))), '..')
  const files = readdirSync(folder)
    .map((name) => join(folder, name, 'index.json'))
    .filter((file) => existsSync(file))
  const samples = new Map<string, unknown[]>()
  for (const file of files.sort()) {
    for (const { name, examples } of JSON.parse(readFileSync(file, 'utf8')) as WebhookDefinition[]) {
      samples.set(name, [...(samples.get(name) ?? []), ...examples])
    }
  }
  return [...samples]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([kind, of]) => ({ kind, type: `${kind.replaceAll('_', '-')}-received`, samples: of }))
}

type Verdicts = Readonly<Record<string, { readonly accepted: number; readonly refused?: string }>>

function judge(): Verdicts {
  const verdicts = readKinds().flatMap(({ type, samples }) => {
    const definition = catalogue.find((entry) => entry.definition.type === type)?.definition
    if (definition === undefined) return []
    const errors = samples.flatMap((sample) => definition.validate(sample)?.slice(0, 1) ?? [])
    const [first] = errors
    const why = first && `${dataSchemaOf(type, definition.version)} ${first.pointer}: ${first.detail}`
    return [[type, { accepted: samples.length - errors.length, ...(why && { refused: why }) }] as const]
  })
  return Object.fromEntries(verdicts)
}

if (import.meta.main) {
  if (process.argv.includes('--judge')) console.log(JSON.stringify(judge()))
  else {
    const began = performance.now()
    console.log(webhookTable(await tryWebhooks()))
    console.log(`\n${((performance.now() - began) / 1000).toFixed(1)} s`)
  }
}
