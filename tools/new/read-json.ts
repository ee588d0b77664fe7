import { readFileSync } from 'node:fs'
import { RefusedError } from './errors.ts'

/** Larger ones are no samples any more. */
const MOST_BYTES = 256 * 1024 * 1024

/**
 * Reads a JSON file, or stdin for `-`. Also one JSON value a line, as logs and exports have it.
 * @throws RefusedError when it is not there, not JSON, or too large
 */
export function readJson(flag: string, path: string): unknown {
  const text = readText(flag, path)
  try {
    return JSON.parse(text)
  } catch (error) {
    const lines = text.split('\n').filter((line) => line.trim() !== '')
    try {
      if (lines.length > 1) return lines.map((line) => JSON.parse(line))
    } catch {
      // Neither: what is wrong with the whole is what to say.
    }
    throw new RefusedError(`${flag} ${path} is no JSON: ${(error as Error).message}`)
  }
}

function readText(flag: string, path: string): string {
  let bytes: Buffer
  try {
    bytes = readFileSync(path === '-' ? 0 : path)
  } catch (error) {
    throw new RefusedError(`${flag} ${path} cannot be read: ${(error as Error).message}`)
  }
  if (bytes.length > MOST_BYTES) {
    throw new RefusedError(
      `${flag} ${path} has ${Math.round(bytes.length / 1024 / 1024)} MiB; some samples of it are enough.`,
    )
  }
  return bytes.toString('utf8')
}
