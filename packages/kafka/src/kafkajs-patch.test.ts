import { createRequire } from 'node:module'
import { describe, expect, test } from 'vitest'

/** The parts of kafkajs that our patch changes, taken alone. What it does to the bytes, real brokers check. */
const require = createRequire(import.meta.url)
const RequestQueue = require('kafkajs/src/network/requestQueue')

const silent = () => {}
const logger = { debug: silent, info: silent, warn: silent, error: silent, namespace: () => logger }

describe('the patched kafkajs', () => {
  test('K17: arms no timer while no request waits', () => {
    const queue = new RequestQueue({
      maxInFlightRequests: 1,
      requestTimeout: 1000,
      clientId: 'c',
      broker: 'b',
      logger,
    })
    queue.checkPendingRequests()
    queue.fulfillRequest({ correlationId: 1, payload: null, size: 0 })
    expect(queue.throttleCheckTimeoutId).toBeNull()
    const request = (correlationId: number) => ({
      entry: { correlationId },
      expectResponse: true,
      sendRequest: silent,
    })
    queue.push(request(1))
    expect(queue.throttleCheckTimeoutId).toBeNull()
    queue.push(request(2))
    expect(queue.throttleCheckTimeoutId).not.toBeNull()
    queue.destroy()
  })
})
