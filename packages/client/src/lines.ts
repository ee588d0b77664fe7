import type { Entry } from './entry.ts'

/**
 * What waits to be sent, in one line per place. A line is `ready`, or held: by the request that some of its events
 * travel in, or by a pause after one of them was not taken. Events of a held line wait, so that with several requests
 * open no event overtakes an earlier one of its place: the gateway keeps the order inside a request, and of one line
 * there is never more than one request. Between lines there is no order; those that were served go to the end.
 */
export type Lines = {
  add(entry: Entry): void
  /** Of the ready lines, as much as fits into a request; the lines are held. Empty when nothing is left to send. */
  take(): Batch
  /**
   * After the answer: lets the lines go that have none of the taken events left, and returns the others, still held.
   * Settled events are not looked at again.
   */
  finish(batch: Batch): Line[]
  /** Ends the pause of lines that `finish` returned. */
  resume(lines: readonly Line[]): void
  /** Whether what is ready fills a request. */
  isFull(): boolean
  isEmpty(): boolean
}

export type Batch = { readonly entries: readonly Entry[]; readonly lines: readonly Line[] }

/** Mutable, and nobody's but this file's. */
export type Line = {
  readonly place: string | undefined
  /** In order; the first `taken` travel. */
  entries: Entry[]
  bytes: number
  taken: number
}

export type BatchLimits = { readonly maxBatchEvents: number; readonly maxBatchBytes: number }

export function createLines({ maxBatchEvents, maxBatchBytes }: BatchLimits): Lines {
  const byPlace = new Map<string, Line>()
  const ready = new Set<Line>()
  let events = 0
  let bytes = 0

  function makeReady(line: Line): void {
    ready.add(line)
    events += line.entries.length
    bytes += line.bytes
  }

  function hold(line: Line): void {
    ready.delete(line)
    events -= line.entries.length
    bytes -= line.bytes
  }

  function forget({ place }: Line): void {
    if (place !== undefined) byPlace.delete(place)
  }

  /** Takes what is settled already out of a ready line, which keeps its turn. */
  function dropSettled(line: Line): void {
    if (!line.entries.some(isSettled)) return
    events -= line.entries.length
    bytes -= line.bytes
    line.entries = line.entries.filter((entry) => !isSettled(entry))
    line.bytes = sumBytes(line.entries)
    events += line.entries.length
    bytes += line.bytes
  }

  return {
    add(entry) {
      const { place } = entry
      const line = place === undefined ? undefined : byPlace.get(place)
      if (line) {
        line.entries.push(entry)
        line.bytes += entry.bytes
        if (!ready.has(line)) return
        events++
        bytes += entry.bytes
        return
      }
      const own: Line = { place, entries: [entry], bytes: entry.bytes, taken: 0 }
      if (place !== undefined) byPlace.set(place, own)
      makeReady(own)
    },

    take() {
      const entries: Entry[] = []
      const lines: Line[] = []
      let together = maxBatchEvents
      let room = maxBatchBytes - BRACKETS

      // An event that is larger than a request may be travels alone.
      const fits = (entry: Entry): boolean =>
        entries.length === 0 ||
        (entries.length < Math.min(together, entry.together) && entry.bytes + COMMA <= room)

      for (const line of ready) {
        dropSettled(line)
        if (line.entries.length === 0) {
          ready.delete(line)
          forget(line)
          continue
        }
        if (!fits(line.entries[0]!)) break
        hold(line)
        lines.push(line)
        for (const entry of line.entries) {
          if (!fits(entry)) break
          together = Math.min(together, entry.together)
          room -= entry.bytes + COMMA
          entries.push(entry)
          line.taken++
        }
        if (line.taken < line.entries.length) break
      }
      return { entries, lines }
    },

    finish({ lines }) {
      return lines.filter((line) => {
        const left = line.entries.slice(0, line.taken).filter((entry) => !isSettled(entry))
        line.entries = [...left, ...line.entries.slice(line.taken)]
        line.bytes = sumBytes(line.entries)
        line.taken = 0
        if (left.length > 0) return true
        if (line.entries.length > 0) makeReady(line)
        else forget(line)
        return false
      })
    },

    resume(lines) {
      for (const line of lines) makeReady(line)
    },

    isFull: () => events >= maxBatchEvents || bytes >= maxBatchBytes,
    isEmpty: () => ready.size === 0,
  }
}

const BRACKETS = 2
const COMMA = 1

function isSettled({ settled }: Entry): boolean {
  return settled
}

function sumBytes(entries: readonly Entry[]): number {
  return entries.reduce((sum, { bytes }) => sum + bytes, 0)
}
