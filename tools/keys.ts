import { UsageError } from './command-line.ts'
import { KEYS_HELP, parseKeysCommand } from './operate/keys-options.ts'
import { runKeys } from './operate/run-keys.ts'

try {
  const command = parseKeysCommand(process.argv.slice(2), process.env)
  console.log(command.command === 'help' ? KEYS_HELP : await runKeys(command, Date.now()))
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = error instanceof UsageError ? 2 : 1
}
