import { isDoubtful } from './numbers.ts'

/** How deep arrays and objects may be nested, the outermost counting as one. */
export const MAX_DEPTH = 32

/**
 * What a parsed JSON value looks like before anything recursive touches it: JSON.parse takes any depth without
 * recursion, everything after it would overflow its stack.
 * - `too-deep`: nested deeper than the limit, whatever else it has.
 * - `suspect`: a key somewhere is called `__proto__` or `constructor`, however it was escaped in the text, or a number
 *   is too large to be told exactly.
 *
 * Looked for in the value, not in the text: a tenth of what two regular expressions and a pass over the bytes take.
 */
export type Inspection = 'harmless' | 'suspect' | 'too-deep'

export function inspect(value: unknown, maxDepth: number): Inspection {
  if (isNested(value)) return inspectNested(value, maxDepth)
  return isDoubtful(value) ? 'suspect' : 'harmless'
}

/** Recursive, but never deeper than the limit. */
function inspectNested(value: object, maxDepth: number): Inspection {
  if (maxDepth === 0) return 'too-deep'
  let found: Inspection = 'harmless'
  if (Array.isArray(value)) {
    for (const member of value as unknown[]) {
      if (!isNested(member)) {
        if (isDoubtful(member)) found = 'suspect'
        continue
      }
      const inside = inspectNested(member, maxDepth - 1)
      if (inside === 'too-deep') return inside
      if (inside === 'suspect') found = inside
    }
    return found
  }
  for (const key in value) {
    if (key === '__proto__' || key === 'constructor') found = 'suspect'
    const member = (value as Record<string, unknown>)[key]
    if (!isNested(member)) {
      if (isDoubtful(member)) found = 'suspect'
      continue
    }
    const inside = inspectNested(member, maxDepth - 1)
    if (inside === 'too-deep') return inside
    if (inside === 'suspect') found = inside
  }
  return found
}

function isNested(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
