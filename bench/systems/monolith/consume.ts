import { randomUUID } from 'node:crypto'
import { dataSchemaOf, type Event } from '@sluice/events'
import type { Consumer } from 'kafkajs'
import { outputsOf } from './outputs.ts'

/** Sends one event to one topic and waits for the acknowledgement. */
export type Send = (topic: string, key: string, event: object) => Promise<void>

/** Reads event after event, of all types in turn, and sends the outputs of each before the next. */
export async function consumeEvents(consumer: Consumer, send: Send): Promise<void> {
  await consumer.run({
    eachMessage: async ({ message }) => {
      const event = JSON.parse(message.value!.toString()) as Event
      for (const { type, key, data } of outputsOf(event)) {
        await send('downstream', key, {
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
        })
      }
    },
  })
}
