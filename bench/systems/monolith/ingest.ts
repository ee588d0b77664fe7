import { catalogue, DEFAULT_TENANT, dataSchemaOf, type EventDefinition } from '@sluice/events'
import type { Request, Response } from 'express'
import type { KeyedEvent, Send } from './consume.ts'

const definitions = new Map<string, EventDefinition>(
  catalogue
    .filter(({ definition }) => definition.origin === 'producer')
    .map(({ definition }) => [definition.type, definition]),
)

type Posted = { id: string; type: string; source: string; time: string; data: unknown }

/** `POST /events` with one event or an array: all of them or none, checked by the same schemas as Sluice's. */
export function ingest(send: Send) {
  return async (request: Request, response: Response): Promise<void> => {
    const posted: Posted[] = Array.isArray(request.body) ? request.body : [request.body]
    for (const event of posted) {
      const definition = definitions.get(event.type)
      const errors = definition ? definition.validate(event.data) : [{ detail: `Unknown type ${event.type}` }]
      if (errors) {
        response.status(422).json({ errors })
        return
      }
    }
    try {
      await send('events', posted.map(envelope))
      response.status(202).json({ accepted: posted.length })
    } catch (error) {
      response.status(500).json({ error: String(error) })
    }
  }
}

function envelope({ id, type, source, time, data }: Posted): KeyedEvent {
  const definition = definitions.get(type)!
  return {
    key: definition.key(data),
    event: {
      specversion: '1.0',
      id,
      source,
      type,
      time,
      datacontenttype: 'application/json',
      dataschema: dataSchemaOf(type, definition.version),
      receivedat: String(Date.now()),
      tenant: DEFAULT_TENANT,
      data,
    },
  }
}
