import { type ParseArgsConfig, parseArgs } from 'node:util'

/** A command line that cannot be followed. Caught by the command, which prints the message and ends with 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly code = 'usage'
}

/**
 * What a command line says, words and options.
 * @throws UsageError with the help, for an option that is unknown or has no value
 */
export function parseCommandLine<const Options extends NonNullable<ParseArgsConfig['options']>>(
  args: readonly string[],
  options: Options,
  help: string,
) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options })
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n\n${help}`)
  }
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
