import { type EventOf, orderPlaced, stockReserved } from '@sluice/events'
import type { EventHandler } from '@sluice/service'
import { describe, expect, it } from 'vitest'
import { buildEvent } from './builders.ts'
import { given } from './given-expects.ts'

const order = buildEvent(orderPlaced)
const reserved = { definition: stockReserved, data: { ...stockReserved.example } }
const handle: EventHandler<typeof orderPlaced> = (event) => stockReserved.from(event, stockReserved.example)

describe('given', () => {
  it('accepts the outputs that the handler makes, as one, as a list, or as a promise', async () => {
    await given(order).when(handle).thenOutputs([reserved])
    await given(order)
      .when((event) => [stockReserved.from(event, stockReserved.example)])
      .thenOutputs([reserved])
    await given(order)
      .when(async (event) => stockReserved.from(event, stockReserved.example))
      .thenOutputs([reserved])
    await given(order)
      .when(() => undefined)
      .thenOutputs([])
    await given(order)
      .when(() => [])
      .thenNothing()
  })

  it('rejects other data, too few and too many outputs', async () => {
    const other = { ...reserved, data: { ...reserved.data, sku: 'other' } }
    for (const expected of [[other], [], [reserved, reserved]]) {
      await expect(given(order).when(handle).thenOutputs(expected)).rejects.toThrow()
    }
    await expect(given(order).when(handle).thenNothing()).rejects.toThrow()
  })

  it('rejects data that its definition does not allow, even when it was expected', async () => {
    const data = { ...stockReserved.example, surprise: 1 }
    const wrong = { definition: stockReserved, data }
    const attempt = given(order)
      .when((event) => stockReserved.from(event, data))
      .thenOutputs([wrong])
    await expect(attempt).rejects.toThrow('the data of stock-reserved')
  })

  it('rejects an output that names another cause', async () => {
    const another = buildEvent(orderPlaced, { id: 'another' })
    const attempt = given(order)
      .when(() => stockReserved.from(another, stockReserved.example))
      .thenOutputs([reserved])
    await expect(attempt).rejects.toThrow('the cause of stock-reserved')
  })

  it('rejects a handler that comes to something else the second time', async () => {
    let runs = 0
    const attempt = given(order)
      .when((event) => (runs++ === 0 ? handle(event, undefined as never) : undefined))
      .thenOutputs([reserved])
    await expect(attempt).rejects.toThrow('a second run')
  })

  it('expects an error by class and by message', async () => {
    const fail = () => {
      throw new RangeError('no such sku')
    }
    await given(order).when(fail).thenThrows(RangeError)
    await given(order).when(fail).thenThrows('no such')
    await expect(given(order).when(fail).thenThrows(TypeError)).rejects.toThrow()
    await expect(
      given(order)
        .when(() => [])
        .thenThrows(),
    ).rejects.toThrow()
  })

  it("runs the handler at the event's own time, on the first attempt", async () => {
    const seen: [number, string][] = []
    const spy = (
      _: EventOf<typeof orderPlaced>,
      ctx: { attempt: number; now: Date; log: { info(line: string): void } },
    ) => {
      ctx.log.info('nobody hears this')
      seen.push([ctx.attempt, ctx.now.toISOString()])
      return undefined
    }
    await given(order).when(spy).thenNothing()
    await given(order).when(spy, { attempt: 3 }).thenNothing()
    expect(seen).toEqual([
      [1, order.time],
      [3, order.time],
    ])
  })
})
