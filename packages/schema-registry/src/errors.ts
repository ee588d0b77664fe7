export type SchemaRegistryErrorCode = 'registry-unavailable' | 'schema-not-registered' | 'schema-incompatible'

/**
 * What a schema registry did not do. `code` is stable and listed in docs/errors.md.
 * - `registry-unavailable`: it did not answer, or not with an answer to the question. Trying again may help.
 * - `schema-not-registered`: a type's schema is not what is registered for it. Ends the start of a process.
 * - `schema-incompatible`: the registry does not take a schema. Ends the step that registers.
 */
export class SchemaRegistryError extends Error {
  override readonly name = 'SchemaRegistryError'
  readonly code: SchemaRegistryErrorCode

  constructor(code: SchemaRegistryErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
