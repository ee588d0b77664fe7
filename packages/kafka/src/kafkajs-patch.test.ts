import { once } from 'node:events'
import { createRequire } from 'node:module'
import { type AddressInfo, connect, createServer } from 'node:net'
import { describe, expect, test } from 'vitest'

/** The parts of kafkajs that our patch changes, taken alone. What it does to the bytes, real brokers check. */
const require = createRequire(import.meta.url)
const Connection = require('kafkajs/src/network/connection')
const Encoder = require('kafkajs/src/protocol/encoder')
const RequestQueue = require('kafkajs/src/network/requestQueue')
const Runner = require('kafkajs/src/consumer/runner')

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

  test('leaves no request behind on a connection that is being closed', async () => {
    const server = createServer(() => {})
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    // Between the decision to close and the closing there is room for a request; who knows after how many turns.
    for (let turns = 0; turns < 10; turns++) {
      const connection = new Connection({
        host: '127.0.0.1',
        port,
        logger,
        socketFactory: ({ onConnect }: { onConnect: () => void }) => connect({ port }, onConnect),
        requestTimeout: 200,
        connectionTimeout: 1000,
      })
      await connection.connect()
      const request = { apiKey: 11, apiVersion: 0, apiName: 'JoinGroup', encode: async () => new Encoder() }
      const sent = connection.send({ request, response: {} })
      for (let turn = 0; turn < turns; turn++) await null
      void connection.disconnect()
      await expect(sent).rejects.toThrow()
    }
    server.close()
  })

  test('joins again before it fetches, however often joining fails', async () => {
    const steps: string[] = []
    const failure = (type: string) => Object.assign(new Error(type), { type, retriable: true })
    const joins = [failure('COORDINATOR_LOAD_IN_PROGRESS'), failure('NETWORK_EXCEPTION'), undefined]
    const consumerGroup = {
      getNodeIds: () => ['1'],
      async joinAndSync() {
        steps.push('join')
        const error = joins.shift()
        if (error) throw error
      },
    }
    const emitter = { emit: (name: string) => steps.push(name.replace(/^.*\./, '')) }
    const retry = { initialRetryTime: 1, maxRetryTime: 2, retries: 9 }
    const runner = new Runner({
      logger,
      consumerGroup,
      instrumentationEmitter: emitter,
      onCrash: silent,
      retry,
    })
    runner.running = true
    const ended = Promise.withResolvers<void>()
    runner.fetchManager.start = async () => {
      steps.push('fetch')
      if (joins.length > 0) throw failure('NOT_COORDINATOR_FOR_GROUP')
      runner.running = false
      ended.resolve()
    }
    runner.scheduleFetchManager()
    await ended.promise
    expect(steps).toEqual(['fetch', 'rebalancing', 'join', 'join', 'join', 'fetch'])
  })
})
