import { expect, test } from 'vitest'
import { stampEventId, templateOf } from './event-id.ts'
import { encodeRequests } from './request.ts'
import { chooseTemplates, templates } from './templates.ts'

test('a batch is one request, whose ids are found and only they', () => {
  const [request] = encodeRequests('run1', '/v1/events', [0, 1, 2], 3)
  expect(request!.ids.map((at) => templateOf(request!.bytes, at))).toEqual([0, 1, 2])
  request!.ids.forEach((at, n) => {
    stampEventId(request!.bytes, at, n, 77)
  })
  const [head, body] = String(request!.bytes).split('\r\n\r\n')
  expect(head).toContain(`content-length: ${Buffer.byteLength(body!)}`)
  const events = JSON.parse(body!) as { id: string; type: string; data: object }[]
  expect(events.map(({ id }) => id)).toEqual(
    [0, 1, 2].map((n) => `run1-000${n}-00000000${n}-0000000000000077`),
  )
  expect(events.map(({ type, data }) => ({ type, data }))).toMatchObject(
    templates.slice(0, 3).map(({ type, data }) => ({ type, data })),
  )
})

test('a single event is an object, and every template becomes a request', () => {
  const requests = encodeRequests(
    'run1',
    '/events',
    chooseTemplates(() => true),
    1,
  )
  expect(requests).toHaveLength(templates.length)
  for (const { bytes, ids } of requests) {
    expect(ids).toHaveLength(1)
    expect(JSON.parse(String(bytes).split('\r\n\r\n')[1]!)).toHaveProperty('id')
  }
})
