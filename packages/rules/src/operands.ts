import type { ASTNode } from '@marcbachmann/cel-js'
import { type Expression, ExpressionError, Failure, type Meter, type Run } from './expression.ts'
import { hintAt } from './nearest.ts'
import { ANY, type Field, nameType, type ValueType } from './value-type.ts'

/**
 * An expression over one or two others that fails when one of them does. `op` gets their values; it may fail itself when
 * `opCanFail` says so.
 */
export function derive<A, B>(
  node: ASTNode,
  type: ValueType,
  operands: readonly [Expression, Expression?],
  op: (a: A, b: B) => unknown,
  opCanFail = false,
): Expression {
  const [{ run: one, canFail: oneCanFail }, second] = operands
  const operandsCanFail = oneCanFail || second?.canFail === true
  const run = second
    ? deriveTwo(one, second.run, op as Op, operandsCanFail)
    : deriveOne(one, op as Op, operandsCanFail)
  return { node, type, canFail: operandsCanFail || opCanFail, size: sizeOf(operands), run }
}

type Op = (a: unknown, b?: unknown) => unknown

function deriveOne(one: Run, op: Op, canFail: boolean): Run {
  if (!canFail) return (input) => op(one(input))
  return (input) => {
    const a = one(input)
    return a instanceof Failure ? a : op(a)
  }
}

function deriveTwo(one: Run, two: Run, op: Op, canFail: boolean): Run {
  if (!canFail) return (input) => op(one(input), two(input))
  return (input) => {
    const a = one(input)
    if (a instanceof Failure) return a
    const b = two(input)
    return b instanceof Failure ? b : op(a, b)
  }
}

/** @throws ExpressionError when an expression cannot give a value of this kind; what only may is looked at each time. */
export function need(expression: Expression, type: ValueType): Expression {
  const { node, type: given, run } = expression
  if (given.kind === type.kind) return expression
  if (given.kind !== 'any')
    throw new ExpressionError(`This is ${nameType(given)}; ${nameType(type)} is needed here.`, node.start)
  const isOfKind = (value: unknown) => kindOf(value) === type.kind
  const wrong = new Failure(`${textOf(node)} is not ${nameType(type)}`)
  return {
    ...expression,
    type,
    canFail: true,
    run: (input) => {
      const value = run(input)
      return value instanceof Failure || isOfKind(value) ? value : wrong
    },
  }
}

/** The field of an object, or a failure where there is none. */
export function select(node: ASTNode, base: Expression, name: string): Expression {
  const { type } = base
  if (type.kind === 'object') {
    const field = type.fields.get(name)
    if (!field) throw new ExpressionError(unknownField(base.node, name, type.fields), nameStart(node, name))
    return field.isOptional
      ? derive(node, field.type, [base], readOptional(node, name), true)
      : readAlways(node, base, name, field.type)
  }
  if (type.kind === 'record' || type.kind === 'any') {
    const value = type.kind === 'record' ? type.of : ANY
    return derive(node, value, [base], readOptional(node, name), true)
  }
  throw new ExpressionError(
    `"${textOf(base.node)}" is ${nameType(type)} and has no fields.`,
    nameStart(node, name),
  )
}

/** The text of a node, for messages. */
export function textOf(node: ASTNode): string {
  return node.input.slice(node.start, node.end)
}

export function sizeOf(operands: readonly (Expression | undefined)[]): number {
  return operands.reduce((size, operand) => size + (operand?.size ?? 0), 1)
}

/** Takes some work off what is left; false when there is none. */
export function spend(meter: Meter, work: number): boolean {
  meter.left -= work
  return meter.left >= 0
}

export function hasField(object: unknown, name: string): boolean {
  return (
    kindOf(object) === 'record' &&
    Object.hasOwn(object as object, name) &&
    (object as Readonly<Record<string, unknown>>)[name] !== undefined
  )
}

/** What a value is; nothing where a library made it, like the bytes and the unsigned numbers of cel-js. */
export function kindOf(value: unknown): ValueType['kind'] | undefined {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'list'
  switch (typeof value) {
    case 'boolean':
      return 'bool'
    case 'number':
      return 'number'
    case 'string':
      return 'string'
    case 'object': {
      const prototype = Object.getPrototypeOf(value)
      return prototype === Object.prototype || prototype === null ? 'record' : undefined
    }
    default:
      return undefined
  }
}

function unknownField(base: ASTNode, name: string, fields: ReadonlyMap<string, Field>): string {
  return `"${textOf(base)}" has no field "${name}".${hintAt(name, fields.keys())}`
}

function readAlways(node: ASTNode, base: Expression, name: string, type: ValueType): Expression {
  const { run, canFail, size } = base
  const read: Run = canFail
    ? (input) => {
        const object = run(input)
        return object instanceof Failure ? object : (object as Readonly<Record<string, unknown>>)[name]
      }
    : (input) => (run(input) as Readonly<Record<string, unknown>>)[name]
  return { node, type, canFail, size: size + 1, run: read }
}

function readOptional(node: ASTNode, name: string): (object: unknown) => unknown {
  const absent = new Failure(`${textOf(node)} is absent`)
  return (object) => {
    if (!hasField(object, name)) return absent
    return (object as Readonly<Record<string, unknown>>)[name]
  }
}

/** Where a name stands behind the dot or in brackets. */
function nameStart(node: ASTNode, name: string): number {
  const at = node.input.lastIndexOf(name, node.end)
  return Math.max(at, node.start)
}
