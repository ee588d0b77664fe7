/**
 * Thrown, or the reason of a rejected promise, when an event is not taken by the client at all: nothing of it is sent.
 * - `queue-full`: as much waits as may; await `ready()` first.
 * - `client-closed`: `close` was called.
 * - `not-json`: the data cannot be written as JSON.
 * - `persistence-failed`: the persistence hook failed; `cause` has its error.
 */
export class ClientError extends Error {
  override readonly name = 'ClientError'
  readonly code: ClientErrorCode

  constructor(code: ClientErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

export type ClientErrorCode = 'queue-full' | 'client-closed' | 'not-json' | 'persistence-failed'
