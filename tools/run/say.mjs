/** Something that the person at the keyboard can put right. The message says how. */
export class Problem extends Error {}

/** Progress goes to stderr, so that what a command prints on stdout stays its own. */
export function say(line) {
  process.stderr.write(`${line}\n`)
}
