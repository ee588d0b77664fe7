/**
 * The name that was most likely meant, or nothing when none is near: at most a third of its characters wrong.
 * Compares by edit distance (Levenshtein, one row at a time). Long input is not compared at all.
 */
export function suggest(given: string, known: readonly string[]): string | undefined {
  if (given.length > MAX_LENGTH) return undefined
  const wanted = normalise(given)
  let nearest: string | undefined
  let best = Number.POSITIVE_INFINITY
  for (const name of known) {
    const limit = Math.max(1, Math.floor(name.length / 3))
    if (Math.abs(name.length - wanted.length) > limit) continue
    const distance = distanceOf(wanted, name)
    if (distance <= limit && distance < best) {
      nearest = name
      best = distance
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

function distanceOf(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const change = above[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1)
      current.push(Math.min(change, above[column]! + 1, current[column - 1]! + 1))
    }
    above = current
  }
  return above[b.length]!
}
