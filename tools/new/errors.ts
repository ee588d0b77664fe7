/**
 * Something that `npm run new` cannot do as it was asked. The message says what, and what to do instead. Thrown wherever
 * the wish is read; caught by the command, which prints it and ends with 2, with nothing written.
 */
export class RefusedError extends Error {
  override readonly name = 'RefusedError'
  readonly code = 'new-refused'
}
