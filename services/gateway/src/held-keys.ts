import type { HeldKeys } from './ingest.ts'

/** More than a stream has keys that fail while most go well; each takes the memory of its text. */
const MAX_HELD = 10_000

/** The keys that a stream of events holds back. Bounded: beyond `max` it holds back every key. */
export function createHeldKeys(max = MAX_HELD): HeldKeys {
  const places = new Set<string>()
  return {
    has: (place) => places.size >= max || places.has(place),
    add(place) {
      if (places.size < max) places.add(place)
    },
  }
}
