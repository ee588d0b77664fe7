import type { ASTNode } from '@marcbachmann/cel-js'
import type { Lane } from '@sluice/events'
import type { ValueType } from './value-type.ts'

/** What a condition looks at. One object may serve many events: nothing keeps it. */
export type RuleInput = {
  /** Has passed the schema of its type. */
  data: unknown
  /** The event's attributes as they count: defaults filled in. */
  id: string
  source: string
  subject: string | undefined
  tenant: string
  /** The priority that the producer wished for, capped. */
  wish: Lane | undefined
}

/** Why there is no value: a field that is absent, work that would take too long. Made once, when a rule is compiled. */
export class Failure {
  readonly reason: string
  constructor(reason: string) {
    this.reason = reason
  }
}

/** Gives a value of the expression's type, or a `Failure` if it can. Never throws. */
export type Run = (input: RuleInput) => unknown

/** An expression that has been checked: what it gives, and how to get it. */
export type Expression = {
  readonly node: ASTNode
  readonly type: ValueType
  readonly canFail: boolean
  /** How many nodes it has: what one evaluation costs at most, loops aside. */
  readonly size: number
  readonly run: Run
}

/** An expression that cannot be used. `position` is the offset in its text. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError'
  readonly position: number
  /** Whether it is no expression at all, whatever the types. */
  readonly isSyntax: boolean
  constructor(message: string, position: number, isSyntax = false) {
    super(message)
    this.position = position
    this.isSyntax = isSyntax
  }
}

/** What is left of the work that one evaluation may take; see `WORK`. Shared by all parts of a condition. */
export type Meter = { left: number }

/**
 * What one evaluation may cost, in visits of nodes: about 10 ns each, so half a millisecond. Only loops, patterns and
 * work on long strings are counted; the rest is bounded by the size of the expression.
 */
export const WORK = 50_000

export const TOO_MUCH_WORK = new Failure('it would take too long for this event')
