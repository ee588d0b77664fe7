import type { Event } from '@sluice/events'
import type { Logger } from '@sluice/telemetry'
import type { HandlerContext } from './handler.ts'

/** One attempt's context. Logger, signal and date are made when a handler asks: most never do. */
export class HandlerCall implements HandlerContext {
  readonly attempt: number
  readonly #event: Event
  readonly #baseLog: Logger
  #log: Logger | undefined
  #controller: AbortController | undefined
  #now: Date | undefined

  constructor(event: Event, attempt: number, log: Logger) {
    this.#event = event
    this.attempt = attempt
    this.#baseLog = log
  }

  get log(): Logger {
    const { type, id, traceparent } = this.#event
    this.#log ??= this.#baseLog.child({ type, id, ...(traceparent && { trace: traceparent }) })
    return this.#log
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    return this.#controller.signal
  }

  get now(): Date {
    this.#now ??= new Date(this.#event.time)
    return this.#now
  }

  get trace(): string | undefined {
    return this.#event.traceparent
  }

  abort(reason: Error): void {
    this.#controller ??= new AbortController()
    this.#controller.abort(reason)
  }
}
