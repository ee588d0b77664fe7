import { type CatalogueEntry, jsonSchemaOf } from '@sluice/events'
import type { FastifyInstance } from 'fastify'
import { encodeProblem, PROBLEM_JSON, problems } from '../problems.ts'
import type { Answer } from '../results.ts'
import { suggest } from '../suggest.ts'
import { sendAnswer } from './send-answer.ts'

/** `GET /v1/types`, `/v1/types/{type}` and its `/schema`: the catalogue. Encoded once, at the start. */
export async function typesRoute(
  server: FastifyInstance,
  { entries }: { readonly entries: readonly CatalogueEntry[] },
): Promise<void> {
  const list = JSON.stringify({ types: entries.map(summarise) })
  const details = new Map(entries.map((entry) => [entry.definition.type, JSON.stringify(describe(entry))]))
  const schemas = new Map(
    entries.map(({ definition }) => [definition.type, JSON.stringify(jsonSchemaOf(definition))]),
  )
  const names = [...details.keys()]

  server.get('/v1/types', READS_CATALOGUE, (_request, reply) => {
    sendAnswer(reply, { status: 200, contentType: 'application/json', body: list })
  })

  server.get<ByType>('/v1/types/:type', READS_CATALOGUE, (request, reply) => {
    const { type } = request.params
    if (type === '') return reply.callNotFound()
    return sendAnswer(reply, answerOf(type, details, 'application/json'))
  })

  server.get<ByType>('/v1/types/:type/schema', READS_CATALOGUE, (request, reply) => {
    sendAnswer(reply, answerOf(request.params.type, schemas, 'application/schema+json'))
  })

  function answerOf(type: string, bodies: ReadonlyMap<string, string>, contentType: string): Answer {
    const body = bodies.get(type)
    if (body !== undefined) return { status: 200, contentType, body }
    const suggestion = suggest(type, names)
    const detail = `There is no event type "${type}".${suggestion ? ` Did you mean "${suggestion}"?` : ''}`
    return {
      status: problems['unknown-type'].status,
      contentType: PROBLEM_JSON,
      body: encodeProblem('unknown-type', { detail, members: suggestion ? { suggestion } : {} }),
    }
  }
}

const READS_CATALOGUE = { config: { action: 'read-catalogue' } } as const

type ByType = { readonly Params: { readonly type: string } }

function summarise({ definition }: CatalogueEntry) {
  const { type, version, origin, owner, lanes, defaultPriority } = definition
  return {
    type,
    version,
    origin,
    owner,
    lanes,
    defaultPriority,
    links: { self: `/v1/types/${type}`, schema: `/v1/types/${type}/schema` },
  }
}

function describe(entry: CatalogueEntry) {
  const { definition, services } = entry
  const { retentionDays, pii } = definition
  return {
    ...summarise(entry),
    services,
    retentionDays,
    pii,
    /** The example's key. */
    exampleKey: definition.key(definition.example),
    example: definition.example,
    schema: jsonSchemaOf(definition),
  }
}
