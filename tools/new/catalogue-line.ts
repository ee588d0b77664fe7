import { toIdentifier } from '../derive/definitions-list.ts'

/** The file that lists every event type, relative to the root. */
export const CATALOGUE = 'packages/events/src/catalogue.ts'

/** Adds the line of a type behind the others, so that the admin ports of the services before it stay. */
export function addLine(source: string, type: string, services: readonly string[]): string {
  const end = source.indexOf('\n])', source.indexOf(LIST))
  if (!source.includes(LIST) || end < 0)
    throw new Error(`${CATALOGUE} has no list of entries that ends with "])".`)
  return `${source.slice(0, end)}\n${toLine(type, services)}${source.slice(end)}`
}

/** Changes which services a type has. */
export function changeLine(source: string, type: string, services: readonly string[]): string {
  const { from, to } = findLine(source, type)
  return `${source.slice(0, from)}${toLine(type, services)}\n${source.slice(to)}`
}

/** Takes the line of a type out. */
export function removeLine(source: string, type: string): string {
  const { from, to } = findLine(source, type)
  return source.slice(0, from) + source.slice(to)
}

/** Whether the type has a line. */
export function hasLine(source: string, type: string): boolean {
  return linePattern(type).test(source)
}

const LIST = 'export const catalogue:'

function toLine(type: string, services: readonly string[]): string {
  return `  { definition: events.${toIdentifier(type)}, services: [${services.map((name) => `'${name}'`).join(', ')}] },`
}

/** An entry, on one line or, where the formatter broke it, on several. */
function linePattern(type: string): RegExp {
  return new RegExp(
    `^  \\{\\s*definition: events\\.${toIdentifier(type)},\\s*services: \\[[^\\]]*\\],?\\s*\\},\\n`,
    'm',
  )
}

function findLine(source: string, type: string): { from: number; to: number } {
  const match = linePattern(type).exec(source)
  if (match === null) throw new Error(`${CATALOGUE} has no line for ${type} like the others.`)
  return { from: match.index, to: match.index + match[0].length }
}
