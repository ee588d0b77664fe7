import type { DeadLetter } from './dead-letter.ts'
import { INSTANT_FORMS, instantText, parseInstant } from './instant.ts'

/**
 * Which records of a topic are meant: those that fit every member that is there. Of several values one has to fit.
 * @typeParam List what is selected by text, each a list of it
 */
export type SelectionBy<List extends string> = { readonly [Name in List]?: readonly string[] } & {
  readonly offsets?: readonly number[]
  /** Written at this time or later; milliseconds since the epoch. */
  readonly since?: number
  /** Written before this time. */
  readonly until?: number
}

/** Selects everything. */
export const EVERYTHING: SelectionBy<never> = Object.freeze({})

/** Selections as text. */
export type Filters<List extends string> = {
  /** What may stand before the `=` of a filter. */
  readonly names: readonly string[]
  /**
   * Reads filters like `reason=timeout`, `since=2h`. Of different names all must fit, of one name any.
   * Anything else is named in the problem: a filter that was not understood must not select everything.
   */
  parse(
    filters: readonly string[],
    now: number,
  ): { readonly selection: SelectionBy<List> } | { readonly problem: string }
  /** A selection as the filters that `parse` reads it from, with its times absolute. None for everything. */
  format(selection: SelectionBy<List>): string[]
  /** @param values what a record has for each list */
  fits(
    selection: SelectionBy<List>,
    record: { readonly offset: number; readonly at: number },
    values: Readonly<Record<List, string | null | undefined>>,
  ): boolean
}

/** @param lists by the name of a filter the list that it adds to */
export function createFilters<List extends string>(lists: Readonly<Record<string, List>>): Filters<List> {
  const names = [...Object.keys(lists), 'offset', 'since', 'until']
  const all = Object.entries(lists)

  return {
    names,
    parse(filters, now) {
      const found: Record<string, string[]> = {}
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
        } else if (Object.hasOwn(lists, name)) {
          const list = lists[name]!
          found[list] = [...(found[list] ?? []), value]
        } else {
          return {
            problem: `"${filter}" is no filter. There are ${names.map((one) => `${one}=…`).join(', ')}.`,
          }
        }
      }
      const selection = { ...found, ...times, ...(offsets.length > 0 && { offsets }) }
      return { selection: selection as SelectionBy<List> }
    },
    format(selection) {
      const { offsets = [], since, until } = selection
      const time = (name: string, at?: number) => (at === undefined ? [] : [`${name}=${instantText(at)}`])
      return [
        ...all.flatMap(([name, list]) => (selection[list] ?? []).map((value) => `${name}=${value}`)),
        ...offsets.map((offset) => `offset=${offset}`),
        ...time('since', since),
        ...time('until', until),
      ]
    },
    fits(selection, { offset, at }, values) {
      for (const [, list] of all) {
        const value = values[list]
        const wanted = selection[list] as readonly string[] | undefined
        if (wanted && !(typeof value === 'string' && wanted.includes(value))) return false
      }
      const { offsets, since, until } = selection
      if (offsets && !offsets.includes(offset)) return false
      if (since !== undefined && at < since) return false
      return until === undefined || at < until
    },
  }
}

/** Which dead letters are meant. Ids are those of events; the time is when they were given up. */
export type Selection = SelectionBy<'reasons' | 'errorTypes' | 'keys' | 'ids'>

const letterFilters = createFilters({
  reason: 'reasons',
  'error-type': 'errorTypes',
  key: 'keys',
  id: 'ids',
})

export const { names: FILTER_NAMES, parse: parseFilters, format: filtersOf } = letterFilters

export function isSelected(letter: DeadLetter, selection: Selection): boolean {
  const { reason, errorType, key, id } = letter
  return letterFilters.fits(selection, letter, { reasons: reason, errorTypes: errorType, keys: key, ids: id })
}
