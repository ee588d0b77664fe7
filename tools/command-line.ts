import { type ParseArgsConfig, parseArgs } from 'node:util'

/** A command line that cannot be followed. Caught by the command, which prints the message and ends with 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly code = 'usage'
}

/**
 * The options of a command. One that is unknown or has no value ends the process with 2, after saying so and
 * what there is. Imports nothing but Node's own modules: the doctor runs before anything is installed.
 */
export function readOptions<const Options extends NonNullable<ParseArgsConfig['options']>>(
  options: Options,
  help: string,
) {
  try {
    return parseArgs({ options }).values
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${help}`)
    process.exit(2)
  }
}
