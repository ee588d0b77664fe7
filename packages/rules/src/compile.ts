import { type ASTNode, Environment, ParseError } from '@marcbachmann/cel-js'
import { compileCall, compileMethod, type Scope } from './calls.ts'
import {
  type Expression,
  ExpressionError,
  Failure,
  type Meter,
  type RuleInput,
  type Run,
  TOO_MUCH_WORK,
  WORK,
} from './expression.ts'
import { hintAt } from './nearest.ts'
import { derive, hasField, kindOf, need, select, sizeOf, spend, textOf } from './operands.ts'
import { ANY, BOOL, type Field, NULL, NUMBER, nameType, STRING, type ValueType } from './value-type.ts'

/** Whether an event matches; or why that cannot be told, which counts as no. Never throws, and takes bounded time. */
export type Condition = (input: RuleInput) => boolean | Failure

/**
 * Checks a condition in the Common Expression Language (CEL) against the type of the data and turns it into a function.
 * The parser is cel-js'; evaluation is ours, because knowing the types makes it ten times faster, and every loop can be
 * counted. It differs from CEL where JSON does: a number is a double, also where it is written `3`.
 * @throws ExpressionError saying what to change, and where in `text`
 */
export function compileCondition(text: string, data: ValueType): Condition {
  const meter: Meter = { left: 0 }
  const expression = compile(parse(text), { data, locals: [], slots: [], meter, compile })
  if (expression.type.kind !== 'bool')
    throw new ExpressionError(`A condition is true or false; this is ${nameType(expression.type)}.`, 0)
  const run = expression.run as Condition
  return (input) => {
    meter.left = WORK
    return run(input)
  }
}

/** Checks one node and all below it. */
function compile(node: ASTNode, scope: Scope): Expression {
  switch (node.op) {
    case 'value':
      return compileLiteral(node, node.args)
    case 'id':
      return compileName(node, node.args, scope)
    case '.':
      return select(node, compile(node.args[0], scope), node.args[1])
    case '[]':
      return compileIndex(node, compile(node.args[0], scope), compile(node.args[1], scope))
    case 'list':
      return compileList(
        node,
        node.args.map((element) => compile(element, scope)),
      )
    case '?:': {
      const [test, then, otherwise] = node.args.map((part) => compile(part, scope)) as [
        Expression,
        Expression,
        Expression,
      ]
      return compileChoice(node, needBool(test), then, otherwise)
    }
    case '!_': {
      const operand = needBool(compile(node.args, scope))
      return derive(node, BOOL, [operand], (value: boolean) => !value)
    }
    case '-_': {
      const operand = need(compile(node.args, scope), NUMBER)
      return derive(node, NUMBER, [operand], (value: number) => -value)
    }
    case '&&':
    case '||':
      return compileLogic(
        node,
        node.op === '||',
        needBool(compile(node.args[0], scope)),
        needBool(compile(node.args[1], scope)),
      )
    case 'call':
      return compileCall(node, node.args[0], node.args[1], scope)
    case 'rcall':
      return compileMethod(node, node.args[0], node.args[1], node.args[2], scope)
    case '==':
    case '!=':
    case '<':
    case '<=':
    case '>':
    case '>=':
    case '+':
    case '-':
    case '*':
    case '/':
    case '%':
    case 'in':
      return compileBinary(node, node.op, compile(node.args[0], scope), compile(node.args[1], scope), scope)
    default:
      throw new ExpressionError('This part of CEL is not offered in rules.', node.start)
  }
}

/** A comparison with what a string can never be is a mistake. */
function checkLiteral(side: Expression, literal: Expression): void {
  const { type } = side
  const { node } = literal
  if (type.kind !== 'string' || type.values === undefined) return
  if (node.op !== 'value' || typeof node.args !== 'string' || type.values.includes(node.args)) return
  const known = type.values.map((value) => `"${value}"`).join(', ')
  throw new ExpressionError(
    `"${textOf(side.node)}" is never "${node.args}": it is one of ${known}.${hintAt(node.args, type.values)}`,
    node.start,
  )
}

const parser = new Environment({
  unlistedVariablesAreDyn: true,
  homogeneousAggregateLiterals: false,
  limits: { maxAstNodes: 500, maxDepth: 50, maxListElements: 200, maxMapEntries: 0, maxCallArguments: 4 },
})

function parse(text: string): ASTNode {
  try {
    return parser.parse(text).ast
  } catch (error) {
    if (!(error instanceof ParseError)) throw error
    // The first line says what; the others draw where, which whoever shows it does better.
    throw new ExpressionError(`${error.message.split('\n', 1)[0]!}.`, error.node?.start ?? 0, true)
  }
}

function compileLiteral(node: ASTNode, value: unknown): Expression {
  const number = typeof value === 'bigint' ? Number(value) : value
  const type = LITERALS[kindOf(number) ?? '']
  if (!type) throw new ExpressionError('Use a string, a number, true, false or null.', node.start)
  return { node, type, canFail: false, size: 1, run: () => number }
}

const LITERALS: Readonly<Record<string, ValueType>> = {
  bool: BOOL,
  number: NUMBER,
  string: STRING,
  null: NULL,
}

/** What an event is beside its data. */
const EVENT: ValueType = {
  kind: 'object',
  fields: new Map<string, Field>([
    ['id', { type: STRING, isOptional: false }],
    ['source', { type: STRING, isOptional: false }],
    ['subject', { type: STRING, isOptional: true }],
    ['tenant', { type: STRING, isOptional: false }],
    ['wish', { type: { kind: 'string', values: ['high', 'normal', 'low'] }, isOptional: true }],
  ]),
}

function compileName(node: ASTNode, name: string, { data, locals, slots }: Scope): Expression {
  const local = locals.findLast((one) => one.name === name)
  if (local) {
    const { slot, type } = local
    return { node, type, canFail: false, size: 1, run: () => slots[slot] }
  }
  if (name === 'data') return { node, type: data, canFail: false, size: 1, run: ({ data }) => data }
  // Its attributes are members of the input itself.
  if (name === 'event') return { node, type: EVENT, canFail: false, size: 1, run: (input) => input }
  const known = ['data', 'event', ...locals.map((one) => one.name)]
  const isField = data.kind === 'object' && data.fields.has(name)
  const hint = isField ? ` Did you mean "data.${name}"?` : hintAt(name, known)
  throw new ExpressionError(`There is no "${name}" here.${hint}`, node.start)
}

function compileIndex(node: ASTNode, base: Expression, index: Expression): Expression {
  const { type } = base
  if (index.node.op === 'value' && typeof index.node.args === 'string' && type.kind !== 'list')
    return select(node, base, index.node.args)
  if (type.kind === 'list') {
    const outside = new Failure(`${textOf(base.node)} has no such element`)
    return derive(
      node,
      type.of,
      [base, need(index, NUMBER)],
      (list: readonly unknown[], at: number) => {
        const value = list[at]
        return value === undefined ? outside : value
      },
      true,
    )
  }
  if (type.kind === 'record') {
    const absent = new Failure(`${textOf(base.node)} has no such member`)
    return derive(
      node,
      type.of,
      [base, need(index, STRING)],
      (record: Readonly<Record<string, unknown>>, name: string) =>
        hasField(record, name) ? record[name] : absent,
      true,
    )
  }
  throw new ExpressionError(
    `"${textOf(base.node)}" is ${nameType(type)}; only a list or an object with open names has elements.`,
    node.start,
  )
}

function compileList(node: ASTNode, elements: readonly Expression[]): Expression {
  const [first] = elements
  const odd = elements.find(({ type }) => type.kind !== first!.type.kind)
  if (odd)
    throw new ExpressionError(
      `The elements of a list are of one kind; this is ${nameType(odd.type)}, the first is ${nameType(first!.type)}.`,
      odd.node.start,
    )
  const of = first === undefined ? ANY : plain(first.type)
  const size = sizeOf(elements)
  if (elements.every((element) => element.node.op === 'value')) {
    const values = elements.map(({ run }) => run(undefined as never))
    return { node, type: { kind: 'list', of }, canFail: false, size, run: () => values }
  }
  const run: Run = (input) => {
    const values: unknown[] = []
    for (const element of elements) {
      const value = element.run(input)
      if (value instanceof Failure) return value
      values.push(value)
    }
    return values
  }
  return { node, type: { kind: 'list', of }, canFail: elements.some(({ canFail }) => canFail), size, run }
}

/** Without the values that a string may have: what is made of several is none of them alone. */
function plain(type: ValueType): ValueType {
  return type.kind === 'string' ? STRING : type
}

function compileChoice(node: ASTNode, test: Expression, then: Expression, otherwise: Expression): Expression {
  if (then.type.kind !== otherwise.type.kind)
    throw new ExpressionError(
      `Both sides of ":" have to be of one kind; they are ${nameType(then.type)} and ${nameType(otherwise.type)}.`,
      node.start,
    )
  const parts = [test, then, otherwise]
  const run: Run = (input) => {
    const value = test.run(input)
    if (value instanceof Failure) return value
    return value ? then.run(input) : otherwise.run(input)
  }
  return {
    node,
    type: plain(then.type),
    canFail: parts.some(({ canFail }) => canFail),
    size: sizeOf(parts),
    run,
  }
}

/**
 * `&&` and `||`: one side can decide although the other fails, whichever comes first, as CEL has it.
 * @param decisive what a side has to be to decide
 */
function compileLogic(node: ASTNode, decisive: boolean, left: Expression, right: Expression): Expression {
  const one = left.run
  const two = right.run
  const run: Run = left.canFail
    ? (input) => {
        const first = one(input)
        if (first === decisive) return decisive
        const second = two(input)
        return second === decisive || !(first instanceof Failure) ? second : first
      }
    : (input) => (one(input) === decisive ? decisive : two(input))
  return { node, type: BOOL, canFail: left.canFail || right.canFail, size: sizeOf([left, right]), run }
}

function needBool(expression: Expression): Expression {
  return need(expression, BOOL)
}

function compileBinary(
  node: ASTNode,
  op: string,
  left: Expression,
  right: Expression,
  scope: Scope,
): Expression {
  switch (op) {
    case '==':
    case '!=':
      return compileEquality(node, op === '==', left, right)
    case 'in':
      return compileIn(node, left, right, scope)
    case '<':
    case '<=':
    case '>':
    case '>=':
      return compileOrder(node, op, left, right)
    case '+':
      if (left.type.kind === 'string' || right.type.kind === 'string') {
        return concatenate(node, need(left, STRING), need(right, STRING), scope.meter)
      }
      return arithmetic(node, (a, b) => a + b, left, right)
    case '-':
      return arithmetic(node, (a, b) => a - b, left, right)
    case '*':
      return arithmetic(node, (a, b) => a * b, left, right)
    case '/':
      return arithmetic(node, (a, b) => a / b, left, right)
    default:
      return arithmetic(node, (a, b) => a % b, left, right)
  }
}

function arithmetic(
  node: ASTNode,
  op: (a: number, b: number) => number,
  left: Expression,
  right: Expression,
): Expression {
  return derive(node, NUMBER, [need(left, NUMBER), need(right, NUMBER)], op)
}

function concatenate(node: ASTNode, left: Expression, right: Expression, meter: Meter): Expression {
  const op = (a: string, b: string) => (spend(meter, a.length + b.length) ? a + b : TOO_MUCH_WORK)
  return derive(node, STRING, [left, right], op, true)
}

function compileEquality(node: ASTNode, isEqual: boolean, left: Expression, right: Expression): Expression {
  for (const { node, type } of [left, right]) {
    if (isScalar(type) || type.kind === 'any') continue
    throw new ExpressionError(`"${textOf(node)}" is ${nameType(type)}; compare what is in it.`, node.start)
  }
  if (left.type.kind !== right.type.kind && left.type.kind !== 'any' && right.type.kind !== 'any')
    throw new ExpressionError(
      `This compares ${nameType(left.type)} with ${nameType(right.type)}: they are never the same.`,
      node.start,
    )
  checkLiteral(left, right)
  checkLiteral(right, left)
  if (left.type.kind === 'any' && right.type.kind === 'any') {
    const unclear = new Failure(`${textOf(node)} compares objects or lists`)
    const compare = (a: unknown, b: unknown) =>
      isCompound(a) && isCompound(b) ? unclear : (a === b) === isEqual
    return derive(node, BOOL, [left, right], compare, true)
  }
  if (left.canFail || right.canFail) return derive(node, BOOL, [left, right], (a, b) => (a === b) === isEqual)
  // The commonest condition of all, without a step between.
  const one = left.run
  const two = right.run
  const run: Run = isEqual ? (input) => one(input) === two(input) : (input) => one(input) !== two(input)
  return { node, type: BOOL, canFail: false, size: sizeOf([left, right]), run }
}

function compileOrder(
  node: ASTNode,
  op: '<' | '<=' | '>' | '>=',
  left: Expression,
  right: Expression,
): Expression {
  const known = left.type.kind === 'any' ? right : left
  const wanted = known.type.kind === 'string' ? STRING : NUMBER
  const operands = [need(left, wanted), need(right, wanted)] as const
  if (operands.some(({ canFail }) => canFail)) {
    return derive(node, BOOL, operands, ORDERS[op])
  }
  const one = left.run as (input: RuleInput) => number
  const two = right.run as (input: RuleInput) => number
  const runs: Readonly<Record<typeof op, Run>> = {
    '<': (input) => one(input) < two(input),
    '<=': (input) => one(input) <= two(input),
    '>': (input) => one(input) > two(input),
    '>=': (input) => one(input) >= two(input),
  }
  return { node, type: BOOL, canFail: false, size: sizeOf(operands), run: runs[op] }
}

const ORDERS: Readonly<Record<'<' | '<=' | '>' | '>=', (a: number, b: number) => boolean>> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
}

function compileIn(node: ASTNode, element: Expression, where: Expression, { meter }: Scope): Expression {
  const { type } = where
  if (type.kind === 'record') {
    const name = need(element, STRING)
    return derive(node, BOOL, [name, where], (key: string, record: unknown) => hasField(record, key))
  }
  const list = need(where, { kind: 'list', of: ANY })
  const of = type.kind === 'list' ? type.of : ANY
  if (!isScalar(element.type) && element.type.kind !== 'any')
    throw new ExpressionError(`"in" looks for a string, a number, true, false or null.`, element.node.start)
  if (of.kind !== element.type.kind && of.kind !== 'any' && element.type.kind !== 'any')
    throw new ExpressionError(
      `This looks for ${nameType(element.type)} in a list of which each is ${nameType(of)}.`,
      node.start,
    )
  if (where.node.op === 'list')
    for (const literal of where.node.args) checkLiteral(element, { ...element, node: literal })
  checkLiteral({ ...where, type: of }, element)
  const isShort = where.node.op === 'list'
  const op = (value: unknown, values: readonly unknown[]) => {
    if (!isShort && !spend(meter, values.length)) return TOO_MUCH_WORK
    return values.includes(value)
  }
  return derive(node, BOOL, [element, list], op, !isShort)
}

function isScalar({ kind }: ValueType): boolean {
  return kind === 'bool' || kind === 'number' || kind === 'string' || kind === 'null'
}

function isCompound(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}
