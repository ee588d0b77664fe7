import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { registerCatalogue } from './register-schemas.ts'

/**
 * Registers the schemas of the catalogue as its files are now, by another process: this one keeps the modules that it has.
 * Nothing happens where the environment names no registry. Rejects with what that process wrote.
 */
export async function registerAnew(env: NodeJS.ProcessEnv): Promise<void> {
  if (!env['SCHEMA_REGISTRY_URL']) return
  try {
    await promisify(execFile)(process.execPath, [fileURLToPath(import.meta.url)], { env })
  } catch (error) {
    throw new Error((error as { stderr: string }).stderr.trim(), { cause: error })
  }
}

if (import.meta.main) {
  try {
    await registerCatalogue(process.env)
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error))
    process.exitCode = 1
  }
}
