import { Agent } from 'node:https'
import { SchemaRegistryError } from './errors.ts'
import type { JsonSchema } from './json-schema.ts'

/** Where a registry is, and how to log in there. */
export type RegistryConnection = {
  /** The base of the Confluent API, without a slash at the end. */
  readonly url: string
  readonly login?: { readonly username: string; readonly password: string } | { readonly token: string }
  /** PEM of the authority that signed its certificate; the system's by default. */
  readonly ca?: string
  /** For one answer, milliseconds. */
  readonly timeoutMs: number
}

export const COMPATIBILITIES = [
  'BACKWARD',
  'BACKWARD_TRANSITIVE',
  'FORWARD',
  'FORWARD_TRANSITIVE',
  'FULL',
  'FULL_TRANSITIVE',
  'NONE',
] as const

/** Which changes of a schema a registry takes. */
export type Compatibility = (typeof COMPATIBILITIES)[number]

export type SchemaKind = 'JSON' | 'AVRO' | 'PROTOBUF'

/**
 * A registry that speaks Confluent's API: Confluent's own, Apicurio, Karapace, Redpanda. All calls ask it, but for
 * `kindOf`, and reject with SchemaRegistryError: `registry-unavailable`, unless said otherwise.
 */
export type SchemaRegistry = {
  /** The id of exactly this schema; undefined when the subject does not have it, in any version. */
  find(subject: string, schema: JsonSchema): Promise<number | undefined>
  /** The subject's newest schema; undefined when there is no such subject, or it is no JSON Schema. */
  latest(subject: string): Promise<JsonSchema | undefined>
  /**
   * Registers a schema as the subject's next version, and the compatibility with its first. Returns its id.
   * @throws SchemaRegistryError `schema-incompatible` with the registry's words
   */
  register(subject: string, schema: JsonSchema, compatibility: Compatibility): Promise<number>
  /** What kind of schema an id stands for; undefined when the registry knows no such id. Remembered for good. */
  lookUp(id: number): Promise<SchemaKind | undefined>
  /** As `lookUp`, of what was looked up before; undefined also when it was not. */
  kindOf(id: number): SchemaKind | undefined
}

/**
 * Prepares to talk to a registry; asks it nothing yet. The library is loaded only here, so that whoever uses no registry
 * has nothing of it in memory.
 *
 * The library registers and looks up, and no more: its `encode` and `decode` make promises and judge each event by
 * a schema compiled from the registry, which the definition does already. So it is given a compiler that compiles nothing.
 */
export async function openSchemaRegistry(connection: RegistryConnection): Promise<SchemaRegistry> {
  const { default: library } = await import('@kafkajs/confluent-schema-registry')
  const { SchemaRegistry: Client, SchemaType, COMPATIBILITY } = library
  const { url, login, ca } = connection
  const client = new Client(
    {
      host: url,
      clientId: 'sluice',
      ...(login && 'username' in login && { auth: login }),
      ...(ca && { agent: new Agent({ ca }) }),
      middlewares: [prepare(connection) as never],
      // Who calls knows whether and when to try again.
      retry: { retries: 0 },
    },
    { [SchemaType.JSON]: { ajvInstance: COMPILES_NOTHING } },
  )
  const toJson = (schema: JsonSchema) => ({ type: SchemaType.JSON, schema: JSON.stringify(schema) }) as const

  /** An answer; undefined when it is that there is no such thing. */
  async function ask<Answer>(question: Promise<Answer>): Promise<Answer | undefined> {
    try {
      return await question
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw unavailable(url, error)
    }
  }

  return {
    find: (subject, schema) => ask(client.getRegistryIdBySchema(subject, toJson(schema))),
    async latest(subject) {
      const id = await ask(client.getLatestSchemaId(subject))
      return id === undefined
        ? undefined
        : ((await ask(client.getSchema(id))) as Compiled | undefined)?.validate?.schema
    },
    async register(subject, schema, compatibility) {
      try {
        const wanted = { subject, compatibility: COMPATIBILITY[compatibility] }
        return (await client.register(toJson(schema), wanted)).id
      } catch (error) {
        if (!isRefusal(error)) throw unavailable(url, error)
        throw new SchemaRegistryError('schema-incompatible', messageOf(error), { cause: error })
      }
    },
    async lookUp(id) {
      await ask(client.getSchema(id))
      return client.cache.getSchema(id)?.type as SchemaKind | undefined
    },
    kindOf: (id) => client.cache.getSchema(id)?.type as SchemaKind | undefined,
  }
}

/** What the library makes of a JSON Schema: as ajv's, its function to validate has the schema. */
type Compiled = { readonly validate?: { readonly schema?: JsonSchema } }

const COMPILES_NOTHING = {
  addSchema: (() => undefined) as never,
  compile: (schema: JsonSchema) => Object.assign(() => true, { schema }) as never,
}

type Request = { enhance(extras: { timeout: number; headers?: Record<string, string> }): Request }

/** A limit for each request, which the library does not set, and a token, which it does not know. */
function prepare({ timeoutMs, login }: RegistryConnection) {
  const token = login && 'token' in login ? login.token : undefined
  return () => ({
    async prepareRequest(next: () => Promise<Request>) {
      const request = await next()
      return request.enhance({
        timeout: timeoutMs,
        ...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }),
      })
    },
  })
}

type LibraryError = { readonly name?: string; readonly status?: number; readonly message?: string }

/** By schema the library says it without a status, in a class of its own. */
function isNotFound(error: unknown): boolean {
  const { name, status } = error as LibraryError
  return status === 404 || name === 'ConfluentSchemaRegistryError'
}

/** 409: not compatible. 422: not a schema. The library itself: the subject has another compatibility. */
function isRefusal(error: unknown): boolean {
  const { name, status } = error as LibraryError
  return status === 409 || status === 422 || name === 'ConfluentSchemaRegistryCompatibilityError'
}

/** The library calls what had no answer a 400, so this covers both. */
function unavailable(url: string, error: unknown): SchemaRegistryError {
  const message = `The schema registry at ${url} does not answer as it should: ${messageOf(error)}`
  return new SchemaRegistryError('registry-unavailable', message, { cause: error })
}

function messageOf(error: unknown): string {
  return String((error as LibraryError).message ?? error).replace(/^sluice - (Error, status 400: )?/, '')
}
