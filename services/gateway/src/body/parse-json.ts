import { isUtf8 } from 'node:buffer'
import { safeParse } from 'secure-json-parse'
import type { ProblemCode } from '../problems.ts'
import { findExcess } from './find-excess.ts'
import { inspect, MAX_DEPTH } from './inspect.ts'
import { parseMarkingLost } from './numbers.ts'
import { mayHaveHalves } from './surrogates.ts'

export type ParsedJson =
  /**
   * `lost`: numbers in the value are marked that cannot be kept, see `refuseLost`. `halves`: strings may have half of a
   * surrogate pair, see `refuseHalves`.
   */
  | { readonly ok: true; readonly value: unknown; readonly lost: boolean; readonly halves: boolean }
  | { readonly ok: false; readonly code: ProblemCode; readonly detail: string }

/**
 * A body as JSON, or why it is none. Refuses what is JSON but harmful: nesting beyond {@link MAX_DEPTH}, and keys
 * that reach for prototypes. Not told: a key that is given twice. The last one counts, for what is checked as for what is
 * stored, which is written anew.
 * @param maxValues how many values a body of more than 64 KiB may have, see {@link findExcess}
 */
export function parseJson(body: Buffer, maxValues: number): ParsedJson {
  if (body.length === 0) return refuse('empty-body', 'The body is empty.')
  if (!isUtf8(body)) return refuse('invalid-json', 'The body is not UTF-8.')
  if (body.length > LARGE_BYTES) {
    const excess = findExcess(body, MAX_DEPTH, maxValues)
    if (excess === 'depth') return refuseDepth()
    if (excess === 'values') {
      return refuse('body-too-large', `A body may have at most ${maxValues} values, of all its events.`)
    }
    if (excess === 'text') return refuse('body-too-large', 'A string may have at most 2 MiB.')
  }
  const text = withoutByteOrderMark(body.toString('utf8'))
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    if (text.trim() === '') return refuse('invalid-json', 'The body is only white space.')
    // What Node says about the fault, with the position if it knows one.
    return refuse('invalid-json', `The body is not JSON: ${(error as SyntaxError).message}`)
  }
  const inspection = inspect(value, MAX_DEPTH)
  if (inspection === 'too-deep') return refuseDepth()
  // The library is the judge of what reaches for a prototype, but most bodies need none. Its null: not allowed.
  if (inspection === 'suspect' && typeof value === 'object' && safeParse(text) === null) {
    return refuse(
      'forbidden-key',
      'The key "__proto__", or "constructor" with a "prototype" inside, is not allowed.',
    )
  }
  const halves = mayHaveHalves(text)
  if (inspection === 'suspect') return { ok: true, ...parseMarkingLost(text), halves }
  return { ok: true, value, lost: false, halves }
}

/** Parsing costs 0.2 µs for each bracket and 2 for each new key: nothing in a small body, seconds in 8 MiB of them. */
const LARGE_BYTES = 64 * 1024

function refuseDepth(): ParsedJson {
  return refuse('too-deep', `Arrays and objects are nested more than ${MAX_DEPTH} deep.`)
}

function withoutByteOrderMark(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
}

function refuse(code: ProblemCode, detail: string): ParsedJson {
  return { ok: false, code, detail }
}
