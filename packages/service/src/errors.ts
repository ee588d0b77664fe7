import type { z } from 'zod'

/**
 * Thrown by a handler for an event that no further attempt will handle: it goes to the dead letters at once.
 * Everything else that a handler throws is tried again.
 */
export class PoisonError extends Error {
  override readonly name = 'PoisonError'
  readonly code = 'poison'
}

/** A handler took longer than its limit. Counts as a failed attempt; the handler's late answer is dropped. */
export class HandlerTimeoutError extends Error {
  override readonly name = 'HandlerTimeoutError'
  readonly code = 'handler-timeout'
}

/** Stored data does not fit its definition, or is of another type. Becomes a dead letter with reason `schema`. */
export class SchemaError extends Error {
  override readonly name = 'SchemaError'
  readonly code = 'schema'
}

/** A handler answered with something that cannot be published. A bug of the handler. */
export class OutputError extends Error {
  override readonly name = 'OutputError'
  readonly code = 'output'
}

/** What is wrong with one environment variable. Never shows its value. */
export type SettingProblem = { readonly variable: string; readonly problem: string }

/** The environment does not configure this process, or names a file that cannot be used. `problems` has everything that is wrong with it. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError'
  readonly code = 'settings'
  readonly problems: readonly SettingProblem[]

  constructor(problems: readonly SettingProblem[], options?: ErrorOptions) {
    super(
      [
        'The configuration is not valid:',
        ...problems.map(({ variable, problem }) => `  ${variable}: ${problem}`),
      ].join('\n'),
      options,
    )
    this.problems = problems
  }

  static of(variable: string, issues: readonly z.core.$ZodIssue[]): SettingProblem {
    return { variable, problem: issues.map((issue) => issue.message).join('; ') }
  }
}
