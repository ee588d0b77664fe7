import { z } from 'zod'
import type { Field, Shape, StringFormat } from './shape.ts'

/**
 * The narrowest shape of those that people write by hand which takes every sample.
 *
 * - A field that some objects lack is optional; one that is null in some is nullable.
 * - Strings that are all dates, times, e-mail addresses, URLs or UUIDs are these, as zod judges them. Strings of few
 *   different words, seen often enough, are an enum; see {@link enumOf}.
 * - Whole numbers that JavaScript holds exactly are integers.
 * - An object whose names are all numbers, UUIDs or hashes is a record.
 * - Where nothing but null, or no element of an array, was seen, anything is taken, and a comment says so.
 *
 * Not guaranteed: that data which no sample shows is right or wrong. Read what comes out.
 */
export function inferShape(samples: readonly unknown[]): Shape {
  const options: Shape[] = []
  const strings = samples.filter((value) => typeof value === 'string')
  const numbers = samples.filter((value) => typeof value === 'number')
  const arrays = samples.filter((value) => Array.isArray(value))
  const objects = samples.filter(isObject)
  if (objects.length > 0) options.push(inferObject(objects))
  if (arrays.length > 0) options.push(inferArray(arrays))
  if (strings.length > 0) options.push(inferString(strings))
  if (numbers.length > 0) options.push({ kind: numbers.every(Number.isSafeInteger) ? 'int' : 'number' })
  if (samples.some((value) => typeof value === 'boolean')) options.push({ kind: 'boolean' })
  const nullable = samples.includes(null)
  if (options.length === 0) return { kind: 'json', why: nullable ? 'only null was seen' : 'nothing was seen' }
  if (nullable) options.push({ kind: 'null' })
  return options.length === 1 ? options[0]! : { kind: 'union', options }
}

type JsonObject = Readonly<Record<string, unknown>>

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function inferObject(objects: readonly JsonObject[]): Shape {
  const seen = new Map<string, unknown[]>()
  for (const object of objects) {
    for (const [name, value] of Object.entries(object)) {
      const values = seen.get(name)
      if (values) values.push(value)
      else seen.set(name, [value])
    }
  }
  const names = [...seen.keys()]
  if (names.length > 0 && names.every((name) => NAME_THAT_IS_DATA.test(name))) {
    return { kind: 'record', value: inferShape([...seen.values()].flat()) }
  }
  const fields = [...seen].map(
    ([name, values]): Field => ({
      name,
      shape: inferShape(values),
      optional: values.length < objects.length,
    }),
  )
  return { kind: 'object', fields }
}

/** Numbers, UUIDs, hashes. */
const NAME_THAT_IS_DATA = /^(\d+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32,128})$/i

function inferArray(arrays: readonly (readonly unknown[])[]): Shape {
  const elements = arrays.flat()
  return {
    kind: 'array',
    element: elements.length === 0 ? { kind: 'json', why: 'no element was seen' } : inferShape(elements),
  }
}

/** The judges are what will be written, so that what is inferred is what takes the samples. */
const JUDGES: readonly (readonly [StringFormat, z.ZodType])[] = [
  ['datetime', z.iso.datetime({ offset: true })],
  ['date', z.iso.date()],
  ['uuid', z.uuid()],
  ['email', z.email()],
  ['url', z.url()],
]

/** `a:b` is a URL for zod; people mean one with an authority. */
const URL_AS_MEANT = /^[a-z][a-z0-9+.-]*:\/\//i

function inferString(strings: readonly string[]): Shape {
  const different = [...new Set(strings)]
  const format = JUDGES.find(([name, judge]) =>
    different.every((text) => (name !== 'url' || URL_AS_MEANT.test(text)) && judge.safeParse(text).success),
  )?.[0]
  if (format !== undefined) return { kind: 'string', format }
  return enumOf(strings.length, different) ?? { kind: 'string' }
}

const MOST_CHOICES = 8
const SEEN_EACH = 4

/**
 * Words rather than texts, at most eight different ones, each seen four times on average. Two to choose from at least: one
 * word that always stands there may be chance.
 */
function enumOf(count: number, different: readonly string[]): Shape | undefined {
  const few =
    different.length >= 2 && different.length <= MOST_CHOICES && count >= different.length * SEEN_EACH
  if (!few || !different.every((text) => /^[A-Za-z][\w-]{0,30}$/.test(text))) return undefined
  return { kind: 'enum', values: different.toSorted() }
}
