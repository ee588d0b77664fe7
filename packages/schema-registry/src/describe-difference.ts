import { isDeepStrictEqual } from 'node:util'
import type { JsonSchema } from './json-schema.ts'

/**
 * What changed from one schema to another, a line for each field and keyword, for people: `/customer/email is new and
 * required`. Fields are JSON Pointers into the data, with `*` for every element or member. Empty when nothing that
 * constrains data changed.
 */
export function describeDifference(before: JsonSchema, after: JsonSchema, at = ''): string[] {
  return [
    ...compareFields(before, after, at),
    ...compareNested(before, after, at),
    ...compareKeywords(before, after, at),
  ]
}

function compareFields(before: JsonSchema, after: JsonSchema, at: string): string[] {
  const [old, now] = [fieldsOf(before), fieldsOf(after)]
  return [...new Set([...Object.keys(old), ...Object.keys(now)])].flatMap((name) => {
    const path = `${at}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
    const [was, is] = [requires(before, name), requires(after, name)]
    if (!Object.hasOwn(old, name)) return [`${path} is new${is ? ' and required' : ', optional'}`]
    if (!Object.hasOwn(now, name)) return [`${path} is gone${was ? ', and was required' : ''}`]
    const need = was === is ? [] : [`${path} is ${is ? 'required' : 'optional'} now`]
    return [...need, ...describeDifference(old[name]!, now[name]!, path)]
  })
}

/** Elements of an array and members of a record. */
function compareNested(before: JsonSchema, after: JsonSchema, at: string): string[] {
  return NESTED.flatMap((keyword) => {
    const [old, now] = [before[keyword], after[keyword]]
    return isSchema(old) && isSchema(now) ? describeDifference(old, now, `${at}/*`) : []
  })
}

function compareKeywords(before: JsonSchema, after: JsonSchema, at: string): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((keyword) => {
    if (SEEN_TO.includes(keyword)) return []
    const [old, now] = [before[keyword], after[keyword]]
    if (NESTED.includes(keyword) && isSchema(old) && isSchema(now)) return []
    return isDeepStrictEqual(old, now) ? [] : [`${at || '/'}: ${keyword} was ${show(old)}, is ${show(now)}`]
  })
}

const NESTED = ['items', 'additionalProperties']
/** Compared field by field, or without a meaning for data. */
const SEEN_TO = ['properties', 'required', '$schema', 'title', 'description']
const SHOWN_LENGTH = 120

function show(value: unknown): string {
  const text = value === undefined ? 'not there' : JSON.stringify(value)
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text
}

function fieldsOf({ properties }: JsonSchema): Readonly<Record<string, JsonSchema>> {
  return isSchema(properties) ? (properties as Record<string, JsonSchema>) : {}
}

function requires({ required }: JsonSchema, name: string): boolean {
  return Array.isArray(required) && required.includes(name)
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
