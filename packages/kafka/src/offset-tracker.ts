/** A record's place in its tracker. `finished` is the tracker's to write. */
export type Tracked = { readonly offset: number; readonly bytes: number; finished: boolean }

/**
 * Which records of one partition are finished, and so what may be committed. Records are added in offset order
 * and finished in any. Offsets need not be contiguous: compaction and control records leave holes.
 */
export type OffsetTracker<Item extends Tracked> = {
  add(item: Item): void
  /** Marks it finished. Finishing twice changes nothing. */
  finish(item: Item): void
  /** The log has nothing to read before `end`, also where the last records were none of ours. */
  advance(end: number): void
  /** The lowest unfinished offset, or the end when nothing is unfinished; -1 before anything is known. */
  committable(): number
  /** The record that holds the commit back. */
  oldest(): Item | undefined
  /** Records added and not finished, and their bytes. */
  readonly unfinished: number
  readonly unfinishedBytes: number
  /** Offsets up to the end that are finished, or hold nothing, and come after an unfinished one. */
  readonly held: number
  readonly end: number
}

/**
 * Keeps the items themselves, in offset order, and a mark of how many at the front are finished: adding and
 * finishing cost the same however many wait, and no set of offsets is kept. Finished items are let go of wherever
 * they are: behind one that takes long there may be millions.
 */
export function createOffsetTracker<Item extends Tracked>(): OffsetTracker<Item> {
  let items: Item[] = []
  let front = 0
  let end = -1
  let unfinished = 0
  let unfinishedBytes = 0

  return {
    add(item) {
      items.push(item)
      unfinished++
      unfinishedBytes += item.bytes
      end = item.offset + 1
    },
    finish(item) {
      if (item.finished) return
      item.finished = true
      unfinished--
      unfinishedBytes -= item.bytes
      while (front < items.length && items[front]!.finished) front++
      if (items.length > 2 * unfinished + SLACK) {
        items = items.filter((one) => !one.finished)
        front = 0
      }
    },
    advance(to) {
      if (to > end) end = to
    },
    committable: () => items[front]?.offset ?? end,
    oldest: () => items[front],
    get unfinished() {
      return unfinished
    },
    get unfinishedBytes() {
      return unfinishedBytes
    },
    get held() {
      const oldest = items[front]
      return oldest === undefined ? 0 : end - oldest.offset - unfinished
    },
    get end() {
      return end
    },
  }
}

/** Finished items kept at most, beside as many as are unfinished. */
const SLACK = 64
