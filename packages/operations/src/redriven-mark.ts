import { textOf } from '@sluice/events'
import type { IncomingRecord, OutgoingRecord } from '@sluice/kafka'

/**
 * A mark says which letters were redriven. It stands in the dead-letter topic itself, behind the letters that it is
 * about: so it is kept as long as they are, and whoever reads the topic to its end knows what still waits. It is a record
 * without key and value, and the offsets in a header: `0-499,502`.
 */
const REDRIVEN = 'dlq-redriven'

/** The mark for these letters. @param offsets ascending */
export function redrivenMark(offsets: readonly number[]): OutgoingRecord {
  return { key: null, value: null, headers: { [REDRIVEN]: toRanges(offsets) } }
}

/** The offsets that a mark is about, as ranges with both ends; undefined for a letter. */
export function readRedrivenMark(record: IncomingRecord): readonly (readonly [number, number])[] | undefined {
  if (record.value !== null || record.key !== null) return undefined
  const text = textOf(record.headers[REDRIVEN])
  if (text === undefined) return undefined
  return text.split(',').flatMap((range) => {
    const [, first, last = first] = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(range) ?? []
    // A mark stands behind what it is about.
    const end = Math.min(Number(last), record.offset - 1)
    return first === undefined || Number(first) > end ? [] : [[Number(first), end] as const]
  })
}

function toRanges(offsets: readonly number[]): string {
  const ranges: [number, number][] = []
  for (const offset of offsets) {
    const range = ranges.at(-1)
    if (range && range[1] + 1 === offset) range[1] = offset
    else ranges.push([offset, offset])
  }
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',')
}
