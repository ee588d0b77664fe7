import { PassThrough, type Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { ClientGoneError, type CollectedBody, collectBody } from './collect.ts'

function collect(payload: Readable, maxBytes: number): Promise<CollectedBody | undefined> {
  return new Promise((resolve, reject) =>
    collectBody(payload, maxBytes, (error, body) => (error ? reject(error) : resolve(body))),
  )
}

test('a body in pieces is put together', async () => {
  const payload = new PassThrough()
  const body = collect(payload, 10)
  payload.write('hello')
  payload.end('world')
  expect(String(await body)).toBe('helloworld')
})

test('an empty body is empty', async () => {
  const payload = new PassThrough()
  payload.end()
  expect(await collect(payload, 10)).toEqual(Buffer.alloc(0))
})

test('what is too large is read on to its end before anything is said', async () => {
  const payload = new PassThrough()
  let said = false
  const body = collect(payload, 10).finally(() => {
    said = true
  })
  payload.write('x'.repeat(11))
  await new Promise((resolve) => setImmediate(resolve))
  expect(said).toBe(false)
  payload.end()
  expect(await body).toBe('body-too-large')
})

test('what is far too large is not read to its end', async () => {
  const payload = new PassThrough()
  const body = collect(payload, 10)
  payload.write('x'.repeat(21))
  expect(await body).toBe('body-too-large')
})

test.each([undefined, new Error('reset')])(
  'a client that goes away in its body, with %s, is told apart',
  async (error) => {
    const payload = new PassThrough()
    const body = collect(payload, 10)
    payload.write('x')
    payload.destroy(error)
    await expect(body).rejects.toBeInstanceOf(ClientGoneError)
  },
)
