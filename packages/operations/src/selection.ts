import type { DeadLetter } from './dead-letter.ts'
import { INSTANT_FORMS, instantText, parseInstant } from './instant.ts'

/** Which letters are meant: those that fit every member that is there. Of several values one has to fit. */
export type Selection = {
  readonly reasons?: readonly string[]
  readonly errorTypes?: readonly string[]
  readonly keys?: readonly string[]
  /** Of events. */
  readonly ids?: readonly string[]
  readonly offsets?: readonly number[]
  /** Given up at this time or later; milliseconds since the epoch. */
  readonly since?: number
  /** Given up before this time. */
  readonly until?: number
}

export const EVERYTHING: Selection = Object.freeze({})

const LISTS = {
  reason: 'reasons',
  'error-type': 'errorTypes',
  key: 'keys',
  id: 'ids',
} as const

/** What may stand before the `=` of a filter. */
export const FILTER_NAMES: readonly string[] = [...Object.keys(LISTS), 'offset', 'since', 'until']

/**
 * Reads filters like `reason=timeout`, `since=2h`. Of different names all must fit, of one name any.
 * Anything else is named in the problem: a filter that was not understood must not select everything.
 */
export function parseFilters(
  filters: readonly string[],
  now: number,
): { readonly selection: Selection } | { readonly problem: string } {
  const lists: Record<string, string[]> = {}
  const offsets: number[] = []
  const times: { since?: number; until?: number } = {}
  for (const filter of filters) {
    const [, name = '', value = ''] = /^([a-z-]+)=(.+)$/s.exec(filter) ?? []
    if (name === 'since' || name === 'until') {
      const instant = parseInstant(value, now)
      if (instant === undefined) return { problem: `"${filter}" needs a time, ${INSTANT_FORMS}.` }
      if (times[name] !== undefined) return { problem: `"${name}" may be given once.` }
      times[name] = instant
    } else if (name === 'offset') {
      if (!/^\d{1,15}$/.test(value)) return { problem: `"${filter}" needs an offset: a whole number.` }
      offsets.push(Number(value))
    } else if (Object.hasOwn(LISTS, name)) {
      const list = LISTS[name as keyof typeof LISTS]
      lists[list] = [...(lists[list] ?? []), value]
    } else {
      return {
        problem: `"${filter}" is no filter. There are ${FILTER_NAMES.map((one) => `${one}=…`).join(', ')}.`,
      }
    }
  }
  return { selection: { ...lists, ...times, ...(offsets.length > 0 && { offsets }) } }
}

/** A selection as the filters that `parseFilters` reads it from, with its times absolute. None for everything. */
export function filtersOf(selection: Selection): string[] {
  const { offsets = [], since, until } = selection
  const lists = Object.entries(LISTS).flatMap(([name, list]) =>
    (selection[list] ?? []).map((value) => `${name}=${value}`),
  )
  const time = (name: string, at?: number) => (at === undefined ? [] : [`${name}=${instantText(at)}`])
  return [
    ...lists,
    ...offsets.map((offset) => `offset=${offset}`),
    ...time('since', since),
    ...time('until', until),
  ]
}

export function isSelected(letter: DeadLetter, selection: Selection): boolean {
  const { reasons, errorTypes, keys, ids, offsets, since, until } = selection
  if (reasons && !reasons.includes(letter.reason)) return false
  if (errorTypes && !errorTypes.includes(letter.errorType)) return false
  if (keys && (letter.key === null || !keys.includes(letter.key))) return false
  if (ids && (letter.id === undefined || !ids.includes(letter.id))) return false
  if (offsets && !offsets.includes(letter.offset)) return false
  if (since !== undefined && letter.at < since) return false
  return until === undefined || letter.at < until
}
