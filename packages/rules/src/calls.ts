import type { ASTNode } from '@marcbachmann/cel-js'
import { RE2JS } from 're2js'
import {
  type Expression,
  ExpressionError,
  Failure,
  type Meter,
  type RuleInput,
  type Run,
  TOO_MUCH_WORK,
} from './expression.ts'
import { isBot } from './is-bot.ts'
import { hintAt } from './nearest.ts'
import { derive, hasField, need, select, sizeOf, spend, textOf } from './operands.ts'
import { ANY, BOOL, NUMBER, nameType, STRING, type ValueType } from './value-type.ts'

/** What the names in an expression stand for, and what one evaluation has used up. */
export type Scope = {
  readonly data: ValueType
  /** Variables of loops, innermost last. */
  readonly locals: readonly { readonly name: string; readonly type: ValueType; readonly slot: number }[]
  /** Their values while the loop runs. Evaluation is synchronous, so one place for each is enough. */
  readonly slots: unknown[]
  readonly meter: Meter
  /** Checks a part. */
  readonly compile: (node: ASTNode, scope: Scope) => Expression
}

/** `has(data.referrer)`, `size(data.items)`, `isBot(data.userAgent)`. */
export function compileCall(node: ASTNode, name: string, args: readonly ASTNode[], scope: Scope): Expression {
  switch (name) {
    case 'has':
      return compileHas(node, only(node, name, args), scope)
    case 'size':
      return compileSize(node, scope.compile(only(node, name, args), scope), scope.meter)
    case 'isBot': {
      const userAgent = need(scope.compile(only(node, name, args), scope), STRING)
      const op = (text: string) => text.length <= MAX_USER_AGENT && isBot(text)
      return derive(node, BOOL, [userAgent], op)
    }
    default:
      throw new ExpressionError(`There is no function "${name}".${hintAt(name, FUNCTIONS)}`, node.start)
  }
}

/** `data.url.contains("/tea")`, `data.items.exists(item, item.quantity > 10)`. */
export function compileMethod(
  node: ASTNode,
  name: string,
  on: ASTNode,
  args: readonly ASTNode[],
  scope: Scope,
): Expression {
  if (name === 'size') {
    if (args.length > 0) throw new ExpressionError('size() takes nothing.', node.start)
    return compileSize(node, scope.compile(on, scope), scope.meter)
  }
  if (isLoop(name)) return compileLoop(node, name, scope.compile(on, scope), args, scope)
  if (name === 'matches')
    return compileMatches(node, scope.compile(on, scope), only(node, name, args), scope.meter)
  const text = () => need(scope.compile(on, scope), STRING)
  const compare = COMPARISONS[name]
  if (compare) {
    const operands = [text(), need(scope.compile(only(node, name, args), scope), STRING)] as const
    return derive(node, BOOL, operands, metered(scope.meter, compare), true)
  }
  const change = CHANGES[name]
  if (change) {
    if (args.length > 0) throw new ExpressionError(`${name}() takes nothing.`, node.start)
    return derive(node, STRING, [text()], metered(scope.meter, change), true)
  }
  throw new ExpressionError(
    `There is no function "${name}".${hintAt(name, [...METHODS, ...FUNCTIONS])}`,
    node.start,
  )
}

const FUNCTIONS = ['has', 'size', 'isBot']

const COMPARISONS: Readonly<Record<string, (text: string, other: string) => unknown>> = {
  __proto__: null as never,
  contains: (text, part) => text.includes(part),
  startsWith: (text, start) => text.startsWith(start),
  endsWith: (text, end) => text.endsWith(end),
}
const CHANGES: Readonly<Record<string, (text: string) => unknown>> = {
  __proto__: null as never,
  lowerAscii: (text) => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()),
  upperAscii: (text) => text.replace(/[a-z]+/g, (letters) => letters.toUpperCase()),
  trim: (text) => text.trim(),
}
const LOOPS = ['exists', 'all', 'exists_one', 'filter', 'map'] as const
type Loop = (typeof LOOPS)[number]
const METHODS = [...Object.keys(COMPARISONS), ...Object.keys(CHANGES), ...LOOPS, 'matches', 'size']

/** isbot's own patterns take microseconds for what browsers send; nobody's name is longer than this. */
const MAX_USER_AGENT = 2048

/** Work on strings, at about 16 characters for the price of a node. */
function metered(
  meter: Meter,
  op: (text: string, other: string) => unknown,
): (text: string, other: string) => unknown {
  return (text, other) => (spend(meter, text.length >> 4) ? op(text, other) : TOO_MUCH_WORK)
}

function isLoop(name: string): name is Loop {
  return LOOPS.includes(name as Loop)
}

function only(node: ASTNode, name: string, args: readonly ASTNode[]): ASTNode {
  if (args.length === 1) return args[0]!
  throw new ExpressionError(`${name}() takes one thing; here are ${args.length}.`, node.start)
}

/** Whether the last field of a path is there. Where an earlier one is not, it fails, as CEL has it. */
function compileHas(node: ASTNode, path: ASTNode, scope: Scope): Expression {
  if (path.op !== '.') throw new ExpressionError('has() takes a field, like has(data.referrer).', path.start)
  const [on, name] = path.args
  const base = scope.compile(on, scope)
  // For its check of the name.
  select(path, base, name)
  return derive(node, BOOL, [base], (object) => hasField(object, name))
}

function compileSize(node: ASTNode, of: Expression, meter: Meter): Expression {
  const { kind } = of.type
  if (kind === 'list') return derive(node, NUMBER, [of], (list: readonly unknown[]) => list.length)
  if (kind !== 'string' && kind !== 'record' && kind !== 'any')
    throw new ExpressionError(`"${textOf(of.node)}" is ${nameType(of.type)} and has no size.`, node.start)
  const none = new Failure(`${textOf(of.node)} has no size`)
  const measure = (value: unknown) => {
    if (Array.isArray(value)) return value.length
    if (typeof value === 'string') return spend(meter, value.length) ? countCodePoints(value) : TOO_MUCH_WORK
    if (typeof value !== 'object' || value === null) return none
    const { length } = Object.keys(value)
    return spend(meter, length) ? length : TOO_MUCH_WORK
  }
  return derive(node, NUMBER, [of], measure, true)
}

function countCodePoints(text: string): number {
  let count = text.length
  for (let at = 0; at < text.length - 1; at++) if (text.codePointAt(at)! > 0xffff) count--
  return count
}

/**
 * The pattern is part of the rule, so that it is checked with it, and is run by RE2: in time that grows with the text and
 * never with what is tried in vain.
 */
function compileMatches(node: ASTNode, text: Expression, pattern: ASTNode, meter: Meter): Expression {
  if (pattern.op !== 'value' || typeof pattern.args !== 'string')
    throw new ExpressionError('A pattern is a string in the rule itself, not a value.', pattern.start)
  if (pattern.args.length > MAX_PATTERN)
    throw new ExpressionError(`A pattern has at most ${MAX_PATTERN} characters.`, pattern.start)
  let compiled: RE2JS
  try {
    compiled = RE2JS.compile(pattern.args)
  } catch (error) {
    throw new ExpressionError(`This is no pattern of RE2: ${(error as Error).message}.`, pattern.start)
  }
  // A character costs about 40 ns in a small pattern, and at worst as many steps as the pattern has.
  const price = 4 + Math.ceil(compiled.programSize() / 8)
  const op = (value: string) => (spend(meter, value.length * price) ? compiled.test(value) : TOO_MUCH_WORK)
  return derive(node, BOOL, [need(text, STRING)], op, true)
}

const MAX_PATTERN = 256

/**
 * `list.exists(x, condition)` and its like, over the elements of a list or the names of an object. Each round is paid for
 * before it runs.
 */
function compileLoop(
  node: ASTNode,
  name: Loop,
  over: Expression,
  args: readonly ASTNode[],
  scope: Scope,
): Expression {
  const [variable, body] = args
  if (args.length !== 2 || variable!.op !== 'id' || body === undefined)
    throw new ExpressionError(`${name}() takes a name and an expression, like ${name}(x, x > 1).`, node.start)
  const { kind } = over.type
  const list = kind === 'record' ? over : need(over, { kind: 'list', of: ANY })
  const element: ValueType = kind === 'record' ? STRING : over.type.kind === 'list' ? over.type.of : ANY
  const slot = scope.locals.length
  const inner = {
    ...scope,
    locals: [...scope.locals, { name: variable!.args as string, type: element, slot }],
  }
  const compiled = scope.compile(body, inner)
  const each = name === 'map' ? compiled : need(compiled, BOOL)
  const { slots, meter } = scope
  const elements: Run = kind === 'record' ? namesOf(list, meter) : list.run
  const loop = LOOP_RUNS[name]
  const price = each.size
  // One for all evaluations: they are synchronous.
  let current: RuleInput
  function step(value: unknown): unknown {
    if (!spend(meter, price)) return TOO_MUCH_WORK
    slots[slot] = value
    return each.run(current)
  }
  const run: Run = (input) => {
    const values = elements(input)
    if (values instanceof Failure) return values
    current = input
    return loop(values as readonly unknown[], step)
  }
  const type: ValueType =
    name === 'map'
      ? { kind: 'list', of: each.type }
      : name === 'filter'
        ? { kind: 'list', of: element }
        : BOOL
  return { node, type, canFail: true, size: sizeOf([list, each]), run }
}

function namesOf({ run }: Expression, meter: Meter): Run {
  return (input) => {
    const record = run(input)
    if (record instanceof Failure) return record
    const names = Object.keys(record as object)
    return spend(meter, names.length) ? names : TOO_MUCH_WORK
  }
}

type LoopRun = (values: readonly unknown[], each: (value: unknown) => unknown) => unknown

const LOOP_RUNS: Readonly<Record<Loop, LoopRun>> = {
  exists: (values, each) => decide(values, each, true),
  all: (values, each) => decide(values, each, false),
  exists_one(values, each) {
    let count = 0
    for (const value of values) {
      const verdict = each(value)
      if (verdict instanceof Failure) return verdict
      if (verdict) count++
    }
    return count === 1
  },
  filter(values, each) {
    const kept: unknown[] = []
    for (const value of values) {
      const verdict = each(value)
      if (verdict instanceof Failure) return verdict
      if (verdict) kept.push(value)
    }
    return kept
  },
  map(values, each) {
    const made: unknown[] = []
    for (const value of values) {
      const result = each(value)
      if (result instanceof Failure) return result
      made.push(result)
    }
    return made
  },
}

/** One element can decide although others fail. */
function decide(values: readonly unknown[], each: (value: unknown) => unknown, decisive: boolean): unknown {
  let failure: Failure | undefined
  for (const value of values) {
    const verdict = each(value)
    if (verdict === decisive) return decisive
    if (verdict instanceof Failure) {
      failure = verdict
      // Nothing that comes later can be paid for.
      if (verdict === TOO_MUCH_WORK) break
    }
  }
  return failure ?? !decisive
}
