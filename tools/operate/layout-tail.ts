import type { Happening, TailedEvent } from '@sluice/operations'
import type { Colors } from 'picocolors/types.js'
import { printable } from './printable.ts'

/**
 * One line of `npm run tail`: time (UTC), lane, status, key, id, source, and what there is to say or the data.
 * @param width the terminal's, in columns: what would not fit is cut off; absent: nothing is
 */
export function layoutTailed(tailed: TailedEvent, colors: Colors, width = Number.POSITIVE_INFINITY): string {
  const { at, lane = UNKNOWN, status, key, event } = tailed
  const cells: [text: string, paint: (text: string) => string][] = [
    [new Date(at).toISOString().slice(11, 23), colors.dim],
    [lane.padEnd(6), String],
    [status.padEnd(11), paintOf(status, colors)],
    [printable(key ?? UNKNOWN).padEnd(12), String],
    [printable(event?.id ?? 'no event that can be read'), String],
    [printable(event?.source ?? UNKNOWN), colors.dim],
    [printable(detailOf(tailed)), String],
  ]
  let left = width
  const shown = cells.flatMap(([text, paint]) => {
    if (left <= 0) return []
    const cut = text.length <= left ? text : `${text.slice(0, left - 1)}…`
    left -= text.length + GAP.length
    return [paint(cut)]
  })
  return shown.join(GAP).trimEnd()
}

/** The same as a JSON document: times as text, and where the record is. */
export function tailedDocument(tailed: TailedEvent): object {
  const { at, dueAt, place, event, ...rest } = tailed
  return {
    time: new Date(at).toISOString(),
    ...rest,
    ...event,
    ...(dueAt !== undefined && { due: new Date(dueAt).toISOString() }),
    ...place,
  }
}

const UNKNOWN = '–'
const GAP = '  '

function detailOf({ by, reason, dueAt, data }: TailedEvent): string {
  const parts = [
    by === undefined ? '' : `by ${by}`,
    reason ?? '',
    dueAt === undefined ? '' : `due ${new Date(dueAt).toISOString().slice(11, 19)}`,
    data === undefined || reason !== undefined ? '' : JSON.stringify(data),
  ]
  return parts.filter((part) => part !== '').join('  ')
}

function paintOf(status: Happening, colors: Colors): (text: string) => string {
  if (status === 'dead-letter') return colors.red
  if (status === 'retried' || status === 'redriven') return colors.yellow
  return status === 'handled' ? colors.green : String
}
