import { randomBytes } from 'node:crypto'

let named = 0

/** A name for a topic, group or client that no other test and no other run uses: `<label>-<run>-<n>`. */
export function uniqueName(label: string): string {
  named += 1
  return `${label}-${RUN}-${named}`
}

/** Differs in every process, so in every test file too. */
const RUN = randomBytes(4).toString('hex')
