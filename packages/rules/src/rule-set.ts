import type { Lane } from '@sluice/events'
import type { Condition } from './compile.ts'

/** What becomes of an event that matches: it is dropped, or gets this priority. */
export type Effect = 'drop' | Lane

export type Rule = {
  /** Unique in its set; answers and metrics name it. */
  readonly name: string
  /** The team to ask. */
  readonly owner: string
  readonly why: string | undefined
  /** The condition, as written. */
  readonly when: string
  readonly effect: Effect
  /** The condition by event type, for each that the rule is for. */
  readonly conditions: ReadonlyMap<string, Condition>
  readonly tests: readonly RuleTest[]
  /** Where it stands in its file. */
  readonly line: number
}

/** An event, and whether its rule matches it. */
export type RuleTest = {
  readonly type: string
  readonly data: unknown
  readonly attributes: RuleAttributes
  readonly matches: boolean
  readonly line: number
}

/** Attributes of an event that a condition may look at. */
export type RuleAttributes = {
  readonly id?: string | undefined
  readonly source?: string | undefined
  readonly subject?: string | undefined
  readonly tenant?: string | undefined
  readonly wish?: Lane | undefined
}

/** In order: the first rule that drops and matches drops, the first of the others that matches sets the priority. */
export type RuleSet = {
  /** The first twelve digits of the SHA-256 of its text. */
  readonly version: string
  /** As it was read. */
  readonly text: string
  readonly rules: readonly Rule[]
}

/** One thing that is wrong with a rule file. Lines and columns count from 1. */
export type RuleProblem = {
  readonly line: number
  readonly column: number
  readonly message: string
}

/** A rule file that cannot be used. The message names each place and what to change, for whoever wrote it. */
export class RulesError extends Error {
  override readonly name = 'RulesError'
  readonly code = 'rules-file'
  readonly problems: readonly RuleProblem[]

  /** @param file as the messages name it */
  constructor(file: string, text: string, problems: readonly RuleProblem[]) {
    const lines = text.split('\n')
    super(
      problems
        .map(({ line, column, message }) => {
          const shown = lines[line - 1] ?? ''
          const mark = `${' '.repeat(Math.min(column - 1, shown.length))}^`
          return `${file}:${line}:${column}: ${message}\n    ${shown}\n    ${mark}`
        })
        .join('\n'),
    )
    this.problems = problems
  }
}
