import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type EventDefinition, RETRY_DELAYS } from '@sluice/events'
import { toIdentifier } from '../derive/definitions-list.ts'
import type { Key } from './field-paths.ts'
import { accessSource, dataSource, type ObjectShape, quote, toZodSource, valuesIn } from './shape.ts'

/** Where the template is: a package of its own, type-checked and tested like any other. */
export const TEMPLATE = 'packages/template'

/** A file that is to be written, relative to the root. */
export type NewFile = { readonly path: string; readonly text: string }

/** What a definition says, beside its data. */
export type DefinitionWish = {
  readonly type: string
  readonly origin: EventDefinition['origin']
  readonly owner: string
  readonly shape: ObjectShape
  readonly key: Key
  readonly lanes: EventDefinition['lanes']
  readonly defaultPriority: EventDefinition['defaultPriority']
  readonly retry: EventDefinition['retry']
  readonly retryDelays: readonly string[]
  readonly retentionDays: number
  readonly pii: readonly string[]
  readonly example: unknown
}

/** One output of a service: its type, the data that the handler writes, as source, and what the example comes to. */
export type OutputWish = { readonly type: string; readonly source: string; readonly expected: unknown }

export type ServiceWish = {
  readonly service: string
  readonly type: string
  readonly outputs: readonly OutputWish[]
}

/** The definition's file, from the template's: each property of it has the value that was asked for, or is gone. */
export function definitionFile(root: string, wish: DefinitionWish): NewFile {
  const { type, shape, key } = wish
  const access = `data${accessSource(key.path)}`
  const properties: Record<string, string | undefined> = {
    type: quote(type),
    version: '1',
    origin: quote(wish.origin),
    owner: quote(wish.owner),
    data: toZodSource(shape),
    key: `(data) => ${key.shape.kind === 'int' ? `String(${access})` : access}`,
    lanes: dataSource(wish.lanes),
    defaultPriority: quote(wish.defaultPriority),
    retry: wish.retry === 'ordered' ? undefined : quote(wish.retry),
    retryDelays:
      wish.retry === 'ordered' || wish.retryDelays.join() === RETRY_DELAYS.join()
        ? undefined
        : dataSource(wish.retryDelays),
    retentionDays: wish.retentionDays === 7 ? undefined : String(wish.retentionDays),
    pii: wish.pii.length === 0 ? undefined : dataSource(wish.pii),
    example: dataSource(wish.example),
  }
  const named = replaceAll(read(root, 'definition.ts'), [
    [/^import \{ defineEvent, Id \} from '@sluice\/events'$/m, importOfDefinition(valuesIn(shape))],
    [/\bsampleTaken\b/g, toIdentifier(type)],
  ])
  return {
    path: `packages/events/src/definitions/${type}.ts`,
    text: Object.entries(properties).reduce(
      (source, [name, value]) => setProperty(source, name, value),
      named,
    ),
  }
}

/** The four files of a service. With outputs they come from the template, without from its `quiet/` part. */
export function serviceFiles(root: string, wish: ServiceWish): NewFile[] {
  const { service, type, outputs } = wish
  const identifier = toIdentifier(type)
  const made = outputs.map((output) => toIdentifier(output.type))
  const folder = outputs.length === 0 ? 'quiet/' : ''
  // What the caller gave goes in last: it may contain any of the template's words.
  const fill = (file: string, inserted: readonly Replacement[]): NewFile => ({
    path: `services/${service}/${file}`,
    text: replaceAll(read(root, folder + file), [
      [/^import (type )?\{ sampleTaken \} from '\.\.?\/definition\.ts'$/m, importOfEvents(identifier, made)],
      ...(outputs.length === 0 ? [] : [OUTPUT_IMPORT]),
      ...(file === 'main.ts' && service === type ? [OWN_NAME] : []),
      [/\bsample-archive\b/g, service],
      [/\bsample-taken\b/g, type],
      [/\bsampleTaken\b/g, identifier],
      ...(outputs.length === 0 ? [] : inserted),
    ]),
  })
  const perOutput = (line: (output: OutputWish, name: string) => string) =>
    outputs.map((output, index) => line(output, made[index]!)).join(',\n')
  return [
    fill('handler.test.ts', [
      [
        /\{ definition: sampleAnalysed, data: \{.*\} \}/,
        perOutput(({ expected }, name) => `{ definition: ${name}, data: ${dataSource(expected)} }`),
      ],
    ]),
    fill('handler.ts', [
      [
        /sampleAnalysed\.from\(event, \{.*\}\)/,
        perOutput(({ source }, name) => `${name}.from(event, ${source})`),
      ],
    ]),
    fill('main.ts', [[/\bsampleAnalysed\b/, made.join(', ')]]),
    { path: `services/${service}/package.json`, text: manifest(root, service, type) },
  ]
}

/** What is looked for, and what takes its place; text, or a function of what was found. */
type Replacement = readonly [RegExp, string | ((found: string, ...groups: string[]) => string)]

const OUTPUT_IMPORT: Replacement = [/^import \{ sampleAnalysed \} from '\.\/output\.ts'\n/m, '']
const OWN_NAME: Replacement = [/ service: 'sample-archive',/, '']

function importOfEvents(identifier: string, outputs: readonly string[]): Replacement[1] {
  return (_, typeOnly: string | undefined) => {
    const own = typeOnly === undefined || outputs.length === 0 ? identifier : `type ${identifier}`
    const only = typeOnly !== undefined && outputs.length === 0 ? 'type ' : ''
    return `import ${only}{ ${[...outputs, own].join(', ')} } from '@sluice/events'`
  }
}

function read(root: string, file: string): string {
  return readFileSync(join(root, TEMPLATE, file), 'utf8')
}

function manifest(root: string, service: string, type: string): string {
  const { dependencies, ...rest } = JSON.parse(read(root, 'package.json'))
  // The template defines a type, a service does not.
  const { zod: _, ...own } = dependencies
  const description = rest.description.replace('sample-taken', type)
  return `${JSON.stringify({ ...rest, name: `@sluice/${service}`, description, dependencies: own }, null, 2)}\n`
}

function importOfDefinition(values: readonly string[]): string {
  const ofValues = values.length === 0 ? '' : `\nimport { ${values.join(', ')} } from './values.ts'`
  return `import { defineEvent } from '../define-event.ts'${ofValues}`
}

/** Replaces the value of a property of the definition, with all its lines, or takes the property out. */
function setProperty(source: string, name: string, value: string | undefined): string {
  const pattern = new RegExp(`^ {2}${name}: [^]*?,\\n(?= {2}\\w|\\}\\))`, 'm')
  return replaceAll(source, [[pattern, value === undefined ? '' : `  ${name}: ${value},\n`]])
}

/** One after the other. Each has to be found: a template that has changed must not be half followed. */
function replaceAll(source: string, replacements: readonly Replacement[]): string {
  return replacements.reduce((before, [pattern, after]) => {
    // A word that is replaced wherever it stands may stand nowhere in one of the files.
    if (!pattern.global && !pattern.test(before)) {
      throw new Error(
        `packages/template has nothing like ${pattern}; tools/new/from-template.ts has to follow it.`,
      )
    }
    return before.replace(pattern, typeof after === 'string' ? () => after : after)
  }, source)
}
