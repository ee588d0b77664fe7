import type { EventDefinition, EventOf, Output } from '@sluice/events'
import type { Logger } from '@sluice/telemetry'

export type HandlerContext = {
  /** Writes the event's type, id and trace with each line. */
  readonly log: Logger
  /** Aborted when the attempt runs out of time. */
  readonly signal: AbortSignal
  /** From 1. */
  readonly attempt: number
  /** The event's own time, so that every attempt computes the same. */
  readonly now: Date
  /** W3C trace context, if the producer sent one. */
  readonly trace: string | undefined
}

export type HandlerResult = readonly Output[] | Output | undefined

/**
 * Takes one event and returns the events that follow from it. Deterministic: the same event gives the same
 * outputs in the same order, because their ids derive from it. Throw `PoisonError` for an event that no attempt
 * will handle; anything else thrown is tried again.
 *
 * @example
 * export const handle: EventHandler<typeof orderPlaced> = (order) =>
 *   order.data.items.map((item) => stockReserved.from(order, { orderId: order.data.orderId, ...item }))
 */
export type EventHandler<Definition extends EventDefinition> = (
  event: EventOf<Definition>,
  context: HandlerContext,
) => HandlerResult | Promise<HandlerResult>
