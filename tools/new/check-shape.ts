import { Customer, Id, Item, Money } from '@sluice/events'
import { z } from 'zod'
import { RefusedError } from './errors.ts'
import { childrenOf, type ObjectShape, type Shape, toZodSource } from './shape.ts'

/** The gateway takes 32, of which an event in a batch needs two. */
const MAX_DEPTH = 30

/**
 * Whether a shape can be the data of an event.
 * @throws RefusedError saying where it cannot
 */
export function checkShape(shape: Shape): ObjectShape {
  if (shape.kind !== 'object')
    throw new RefusedError(`The data of an event is an object with named fields; this is ${describe(shape)}.`)
  if (shape.fields.length === 0) throw new RefusedError('The data of an event needs a field at least.')
  check(shape, '', 1)
  return shape
}

/** The schema of a shape: its source, run. So what is judged is what will be written. */
export function toSchema(shape: Shape): z.ZodType {
  const make = new Function('z', 'Id', 'Money', 'Customer', 'Item', `return ${toZodSource(shape)}`)
  return make(z, Id, Money, Customer, Item)
}

/**
 * Samples as they are read: JSON data of which one or several are given.
 * @throws RefusedError naming the sample that no event can hold
 */
export function checkSamples(samples: readonly unknown[], from: string): void {
  if (samples.length === 0) throw new RefusedError(`${from} has no sample.`)
  samples.forEach((sample, index) => {
    if (isDeeper(sample, MAX_DEPTH)) {
      throw new RefusedError(
        `Sample ${index + 1} of ${from} is nested more than ${MAX_DEPTH} deep, which the gateway refuses.`,
      )
    }
  })
}

function check(shape: Shape, at: string, depth: number): void {
  if (depth > MAX_DEPTH)
    throw new RefusedError(`${at} is nested more than ${MAX_DEPTH} deep, which the gateway refuses.`)
  if (shape.kind === 'object') {
    for (const { name } of shape.fields) {
      if (name in {}) {
        throw new RefusedError(
          `${at}/${name}: every object of JavaScript has something called "${name}", so nobody could tell whether it was sent. Rename it.`,
        )
      }
      if (!isWellFormed(name))
        throw new RefusedError(`${at} has a field whose name is no text: half a surrogate pair. Rename it.`)
    }
    for (const field of shape.fields) check(field.shape, `${at}/${field.name}`, depth + 1)
    return
  }
  const deeper = shape.kind === 'array' || shape.kind === 'record' ? 1 : 0
  for (const child of childrenOf(shape)) check(child, at, depth + deeper)
}

function isWellFormed(text: string): boolean {
  return !/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/.test(text)
}

/** Without recursion: a sample may be deeper than the stack. */
function isDeeper(value: unknown, limit: number): boolean {
  let level = [value]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > limit) return true
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []))
  }
  return false
}

function describe({ kind }: Shape): string {
  return kind === 'array'
    ? 'an array'
    : kind === 'record'
      ? 'a map whose names are data'
      : `of the kind ${kind}`
}
