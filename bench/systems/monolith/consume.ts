import { randomUUID } from 'node:crypto'
import { dataSchemaOf, type Event } from '@sluice/events'
import type { Consumer } from 'kafkajs'
import { type MonolithOutput, outputsOf } from './outputs.ts'

export type KeyedEvent = { readonly key: string; readonly event: object }

/** Sends events to one topic in one request and waits for the acknowledgement. */
export type Send = (topic: string, events: readonly KeyedEvent[]) => Promise<void>

/** Reads event after event, of all types in turn, and sends the outputs of each before the next. */
export async function consumeEvents(consumer: Consumer, send: Send): Promise<void> {
  await consumer.run({
    eachMessage: async ({ message }) => {
      const event = JSON.parse(message.value!.toString()) as Event
      const outputs = outputsOf(event)
      if (outputs.length > 0)
        await send(
          'downstream',
          outputs.map((output) => follow(event, output)),
        )
    },
  })
}

function follow(event: Event, { type, key, data }: MonolithOutput): KeyedEvent {
  return {
    key,
    event: {
      specversion: '1.0',
      id: randomUUID(),
      source: '/monolith',
      type,
      time: event.time,
      datacontenttype: 'application/json',
      dataschema: dataSchemaOf(type, 1),
      receivedat: event.receivedat,
      tenant: event.tenant,
      correlationid: event.id,
      causationid: event.id,
      data,
    },
  }
}
