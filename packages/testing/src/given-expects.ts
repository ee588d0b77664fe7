import type { Event, EventDefinition, Output } from '@sluice/events'
import type { HandlerContext, HandlerResult } from '@sluice/service'
import { expect } from 'vitest'

/** An output as a handler makes it, or what it comes down to: its type and data, and a subject if it has one. */
export type ExpectedOutput =
  | Output
  | { readonly definition: EventDefinition; readonly data: unknown; readonly subject?: string }

export type HandlerThen = {
  /** These outputs and no others, in this order, each valid for its definition and caused by the given event. */
  thenOutputs(expected: readonly ExpectedOutput[]): Promise<void>
  thenNothing(): Promise<void>
  /** It throws or rejects with an error of this class, or whose message contains this text or matches. */
  thenThrows(expected?: (abstract new (...args: never[]) => Error) | string | RegExp): Promise<void>
}

/** What `EventHandler` is for an event of this type. */
export type HandlerOf<E extends Event> = (
  event: E,
  context: HandlerContext,
) => HandlerResult | Promise<HandlerResult>

export type HandlerWhen<E extends Event> = {
  when(handle: HandlerOf<E>, context?: Partial<HandlerContext>): HandlerThen
}

/**
 * Tests a handler without a broker. The handler runs twice, because deterministic is what it has to be: the
 * second run must come to the same.
 *
 * @example
 * await given(buildEvent(orderPlaced)).when(handle).thenOutputs([
 *   { definition: stockReserved, data: { orderId: 'o-1001', sku: 'tea-green', quantity: 2 } },
 * ])
 */
export function given<E extends Event>(event: E): HandlerWhen<E> {
  return {
    when(handle, changes = {}) {
      const run = async (): Promise<readonly Output[]> => {
        const result = await handle(structuredClone(event), { ...contextFor(event), ...changes })
        return result === undefined ? [] : Array.isArray(result) ? result : [result as Output]
      }
      return {
        async thenOutputs(expected) {
          const outputs = await run()
          expect(outputs.map(describeOutput)).toEqual(expected.map(describeOutput))
          for (const { definition, data, cause } of outputs) {
            expect(definition.validate(data), `the data of ${definition.type}`).toBeUndefined()
            expect(cause, `the cause of ${definition.type}`).toEqual(event)
          }
          expect((await run()).map(describeOutput), 'a second run').toEqual(outputs.map(describeOutput))
        },
        async thenNothing() {
          expect((await run()).map(describeOutput)).toEqual([])
        },
        async thenThrows(expected) {
          await expect(run()).rejects.toThrow(expected as never)
        },
      }
    },
  }
}

function describeOutput({ definition, data, subject }: ExpectedOutput) {
  return { type: definition.type, data, ...(subject === undefined ? undefined : { subject }) }
}

/** The first attempt, never aborted, with a log that says nothing. */
function contextFor(event: Event): HandlerContext {
  const silent: unknown = new Proxy({}, { get: (_, name) => (name === 'child' ? () => silent : () => {}) })
  return {
    log: silent as HandlerContext['log'],
    signal: new AbortController().signal,
    attempt: 1,
    now: new Date(event.time),
    trace: event.traceparent,
  }
}
