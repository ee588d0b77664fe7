import { DecodeError, schemaIdOf } from '@sluice/events'
import { backoffMs, type Claim, type IncomingRecord } from '@sluice/kafka'
import type { SchemaRegistry } from '@sluice/schema-registry'
import type { Logger } from '@sluice/telemetry'
import { REGISTRY_BACKOFF } from './framing.ts'
import { pause } from './pause.ts'

/** @param unreadable why the record cannot be decoded, where that is known before it is tried */
export type Handle<Result> = (
  record: IncomingRecord,
  lane: string,
  claim: Claim,
  unreadable?: DecodeError,
) => Result | Promise<Result | undefined>

export type AwaitSchemaOptions = {
  readonly registry: Pick<SchemaRegistry, 'kindOf' | 'lookUp'>
  /** Ends the waiting; the record is then left unfinished. */
  readonly stopping: AbortSignal
  readonly log: Logger
}

/**
 * Handles a framed record when its schema is known, which it is at once for all but the first of a schema. That says
 * that the data is JSON, and not Avro or Protobuf; whether it fits its type is for the definition to say.
 *
 * A registry that does not answer is waited for, without a limit: the record is neither dropped nor given up. A schema
 * that it does not know, asked for three times because a replica may learn of one a moment late, makes the record
 * undecodable.
 */
export function createAwaitSchema({ registry, stopping, log }: AwaitSchemaOptions) {
  let records = 0
  let reason = ''

  function awaitSchema<Result>(handle: Handle<Result>): Handle<Result> {
    return (record, lane, claim) => {
      const id = schemaIdOf(record.value)
      if (id === undefined) return handle(record, lane, claim)
      const kind = registry.kindOf(id)
      if (kind === 'JSON') return handle(record, lane, claim)
      if (kind !== undefined) return handle(record, lane, claim, notJson(id, kind))
      return lookUp(id).then((known) =>
        known === 'stopped' ? undefined : handle(record, lane, claim, known),
      )
    }
  }

  async function lookUp(id: number): Promise<DecodeError | 'stopped' | undefined> {
    records++
    try {
      let unknown = 0
      for (let attempt = 1; !stopping.aborted; attempt++) {
        try {
          const kind = await registry.lookUp(id)
          reason = ''
          if (kind !== undefined) return kind === 'JSON' ? undefined : notJson(id, kind)
          if (++unknown === UNKNOWN_ATTEMPTS)
            return new DecodeError(`The schema registry knows no schema ${id}.`)
        } catch (error) {
          if (reason === '') log.warn({ err: error, schema: id }, 'records wait for the schema registry')
          reason = (error as Error).message
        }
        await pause(backoffMs(attempt, REGISTRY_BACKOFF, Math.random), stopping)
      }
      return 'stopped'
    } finally {
      records--
    }
  }

  return {
    awaitSchema,
    /** For readiness: how many records wait for the registry, and why. */
    waiting: (): { readonly records: number; readonly detail: string } => ({
      records: reason === '' ? 0 : records,
      detail: reason,
    }),
  }
}

const UNKNOWN_ATTEMPTS = 3

function notJson(id: number, kind: string): DecodeError {
  return new DecodeError(`The value is framed for schema ${id}, which is ${kind}; only JSON can be read.`)
}
