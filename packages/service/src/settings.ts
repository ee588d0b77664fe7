import { z } from 'zod'
import { type SettingProblem, SettingsError } from './errors.ts'

/**
 * A process's settings: one zod schema per environment variable, each described and, where there is one, with
 * its default. Values arrive as text.
 */
export type Settings = Readonly<Record<string, z.ZodType>>

export type Config<S extends Settings> = { readonly [Variable in keyof S]: z.output<S[Variable]> }

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads the environment once: what could be read, frozen, and every problem at once. An empty variable counts as
 * absent. A variable that was read is a member of `config`, even as undefined; one with a problem is none.
 */
export function readSettings<S extends Settings>(
  settings: S,
  env: Environment,
): { readonly config: Partial<Config<S>>; readonly problems: readonly SettingProblem[] } {
  const problems: SettingProblem[] = []
  const config: Record<string, unknown> = {}
  for (const [variable, schema] of Object.entries(settings)) {
    const given = env[variable] === '' ? undefined : env[variable]
    const result = schema.safeParse(given)
    if (result.success) config[variable] = result.data
    else if (given === undefined)
      problems.push({ variable, problem: `is required. ${schema.description ?? ''}`.trim() })
    else problems.push(SettingsError.of(variable, result.error.issues))
  }
  return { config: Object.freeze(config) as Partial<Config<S>>, problems }
}

/** What there is to know about a setting without an environment. */
export type SettingDescription = {
  readonly variable: string
  readonly description: string
  readonly required: boolean
  /** As one would write it in the environment; absent when there is none. */
  readonly default?: string
}

/** The settings as data, in their order, for documents that are derived from them. */
export function describeSettings(settings: Settings): SettingDescription[] {
  return Object.entries(settings).map(([variable, schema]) => {
    const absent = schema.safeParse(undefined)
    return {
      variable,
      description: schema.description ?? '',
      required: !absent.success,
      ...(absent.data !== undefined && { default: toText(schema, absent.data) }),
    }
  })
}

/** `NAME=value` lines, secrets hidden. */
export function printConfig(settings: Settings, config: Readonly<Record<string, unknown>>): string {
  return Object.entries(settings)
    .map(([variable, schema]) => {
      const value = config[variable]
      return `${variable}=${isSecret(variable) && value !== undefined ? '[hidden]' : toText(schema, value)}`
    })
    .join('\n')
}

/** Whether a variable's value must not be shown. */
export function isSecret(variable: string): boolean {
  return /PASSWORD|SECRET|TOKEN|KEY$/.test(variable)
}

/** As one would write it in the environment: a switch in the words that it takes. */
function toText(schema: z.ZodType, value: unknown): string {
  if (typeof value === 'boolean') {
    const words = value ? ['true', 'on'] : ['false', 'off']
    return words.find((word) => schema.safeParse(word).data === value) ?? String(value)
  }
  return Array.isArray(value) ? value.join(',') : String(value ?? '')
}

/** The longest delay of a timer; Node fires a longer one at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** Text from the environment to a whole number within bounds. A `ms` is never more than a timer can wait. */
export function integer(bounds: { min: number; max?: number; unit?: string }) {
  const { min, unit = '', max = unit === 'ms' ? MAX_TIMER_MS : Number.MAX_SAFE_INTEGER } = bounds
  const wanted = `must be a whole number from ${min}${max === Number.MAX_SAFE_INTEGER ? '' : ` to ${max}`}${unit && ` (${unit})`}`
  return z
    .string()
    .regex(/^\d+$/, wanted)
    .transform(Number)
    .refine((value) => value >= min && value <= max, wanted)
}

export function port() {
  return integer({ min: 0, max: 65_535 })
}
