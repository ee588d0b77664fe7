import { isUtf8 } from 'node:buffer'
import { safeParse } from 'secure-json-parse'
import type { ProblemCode } from '../problems.ts'
import { isDeeperThan, MAX_DEPTH } from './depth.ts'

export type ParsedJson =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly code: ProblemCode; readonly detail: string }

/**
 * A body as JSON, or why it is none. Refuses what is JSON but harmful: nesting beyond {@link MAX_DEPTH}, and keys
 * that reach for prototypes. Not told: a number that JavaScript cannot hold (it is rounded, or becomes Infinity,
 * which the schemas refuse) and a key that is given twice (the last one counts).
 */
export function parseJson(body: Buffer): ParsedJson {
  if (body.length === 0) return refuse('empty-body', 'The body is empty.')
  if (!isUtf8(body)) return refuse('invalid-json', 'The body is not UTF-8.')
  if (isDeeperThan(MAX_DEPTH, body)) {
    return refuse('too-deep', `Arrays and objects are nested more than ${MAX_DEPTH} deep.`)
  }
  const text = body.toString('utf8')
  const value: unknown = safeParse(text)
  if (value === undefined) return refuse('invalid-json', describe(text))
  // The parser says null both for the text `null` and for a key that it does not allow.
  if (value === null && text.trim() !== 'null') {
    return refuse(
      'forbidden-key',
      'The key "__proto__", or "constructor" with a "prototype" inside, is not allowed.',
    )
  }
  return { ok: true, value }
}

function refuse(code: ProblemCode, detail: string): ParsedJson {
  return { ok: false, code, detail }
}

/** What Node says about the fault, with the position if it knows one. */
function describe(text: string): string {
  if (text.trim() === '') return 'The body is only white space.'
  try {
    JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text)
  } catch (error) {
    return `The body is not JSON: ${(error as SyntaxError).message}`
  }
  return 'The body is not JSON.'
}
