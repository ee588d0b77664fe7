import { distance } from 'fastest-levenshtein'

/** ` Did you mean "x"?` for the known name that is near enough, else nothing. */
export function hintAt(given: string, known: Iterable<string>): string {
  let nearest: string | undefined
  let best = Number.POSITIVE_INFINITY
  for (const name of known) {
    const edits = distance(given.toLowerCase(), name.toLowerCase())
    if (edits < best && edits <= Math.max(1, Math.floor(name.length / 3))) {
      nearest = name
      best = edits
    }
  }
  return nearest === undefined ? '' : ` Did you mean "${nearest}"?`
}
