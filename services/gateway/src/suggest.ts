import { distance } from 'fastest-levenshtein'

/**
 * The name that was most likely meant, or nothing when none is near: at most a third of its characters wrong.
 * Compares by edit distance. Long input is not compared at all.
 */
export function suggest(given: string, known: readonly string[]): string | undefined {
  if (given.length > MAX_LENGTH) return undefined
  const wanted = normalise(given)
  let nearest: string | undefined
  let best = Number.POSITIVE_INFINITY
  for (const name of known) {
    const limit = Math.max(1, Math.floor(name.length / 3))
    if (Math.abs(name.length - wanted.length) > limit) continue
    const edits = distance(wanted, name)
    if (edits <= limit && edits < best) {
      nearest = name
      best = edits
    }
  }
  return nearest
}

const MAX_LENGTH = 64

/** `OrderPlaced`, `order_placed` and `order.placed` are how others write `order-placed`. */
function normalise(given: string): string {
  return given
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
}
