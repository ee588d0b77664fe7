import { connect } from 'node:net'
import { orderPlaced } from '@sluice/events'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createTestGateway } from './gateway-fixture.ts'

/**
 * CloudEvents 1.0.2, case by case: the specification (https://github.com/cloudevents/spec/tree/v1.0.2), its JSON format
 * and its HTTP binding. Each name begins with the section. What Sluice does not support is here, too, and is refused
 * with a reason.
 */
const event = {
  specversion: '1.0',
  id: 'A234-1234-1234',
  source: '/shop/berlin',
  type: 'order-placed',
  data: orderPlaced.example,
}
const BINARY = {
  'ce-specversion': '1.0',
  'ce-id': 'A234-1234-1234',
  'ce-source': '/shop/berlin',
  'ce-type': 'order-placed',
}
const JSON_TYPE = 'application/json'
const STRUCTURED = 'application/cloudevents+json'
const BATCH = 'application/cloudevents-batch+json'

/** Posts in structured mode; the answer, and the event as it is stored. */
async function structured(body: unknown, contentType = STRUCTURED) {
  const gateway = createTestGateway()
  const { status, json } = await gateway.post(body, { 'content-type': contentType })
  return { status, json, stored: gateway.stored()[0] }
}

/** Posts in binary mode. */
async function binary(headers: Record<string, string>, contentType = JSON_TYPE) {
  const gateway = createTestGateway()
  const { status, json } = await gateway.post(orderPlaced.example, {
    'content-type': contentType,
    ...headers,
  })
  return { status, json, stored: gateway.stored()[0] }
}

/** Both modes must take, or refuse, an attribute with this text. */
async function inBothModes(name: string, text: string) {
  const inHeader = encodeURIComponent(text)
  return [
    await structured({ ...event, [name]: text }),
    await binary({ ...BINARY, [`ce-${name}`]: inHeader }),
  ] as const
}

describe('spec 3 Context attributes', () => {
  test.each(['a', '0', 'shop1', '1shop', 'x'.repeat(20), 'x'.repeat(64)])(
    'naming conventions: "%s" is a name',
    async (name) => {
      for (const { status, stored } of await inBothModes(name, 'v')) {
        expect(status).toBe(202)
        expect(stored[name]).toBe('v')
      }
    },
  )

  test.each(['shop_id', 'shop-id', 'shop.id', 'größe', '', ' '])(
    'naming conventions: "%s" is no name',
    async (name) => {
      const { status, json } = await structured({ ...event, [name]: 'v' })
      expect(status).toBe(400)
      expect(json).toMatchObject({ code: 'invalid-event', errors: [{ pointer: `/${name}` }] })
    },
  )

  test('naming conventions: upper case is no name in JSON, and no difference in a header', async () => {
    expect((await structured({ ...event, shopId: 'v' })).status).toBe(400)
    expect((await binary({ ...BINARY, 'CE-ShopId': 'v' })).stored).toMatchObject({ shopid: 'v' })
  })

  test('naming conventions: "data" is no attribute', async () => {
    expect((await binary({ ...BINARY, 'ce-data': '{}' })).status).toBe(400)
  })

  test.each([true, false, 0, -1, 2_147_483_647, -2_147_483_648])(
    'type system: the Boolean or Integer %j keeps its type',
    async (value) => {
      expect((await structured({ ...event, rank: value })).stored.rank).toBe(value)
    },
  )

  test.each([2_147_483_648, -2_147_483_649, 1.5, 1e300])('type system: %d is no Integer', async (value) => {
    expect((await structured({ ...event, rank: value })).status).toBe(400)
  })

  test.each(['', ' ', 'Euro € 😀', '"quoted" \\ %41', 'a,b;c=d', '\u00a0'])(
    'type system: %j is a String in an extension',
    async (text) => {
      for (const { status, stored } of await inBothModes('shop', text)) {
        expect(status).toBe(202)
        expect(stored.shop).toBe(text)
      }
    },
  )

  test.each(['\u0000', '\u001f', '\u007f', '\u009f', '\ufdd0', '\uffff', '\u{1fffe}'])(
    'type system: no String has %j',
    async (text) => {
      for (const { status } of await inBothModes('shop', `a${text}b`)) expect(status).toBe(400)
    },
  )

  test('type system: no String has half of a surrogate pair', async () => {
    expect((await structured({ ...event, shop: 'a\ud800b' })).status).toBe(400)
    expect((await binary({ ...BINARY, 'ce-shop': 'a%ED%A0%80b' })).status).toBe(400)
  })

  test.each([[{}], [[]]])('type system: %j is of no type', async (value) => {
    expect((await structured({ ...event, shop: value })).status).toBe(400)
  })

  describe('required attributes', () => {
    test.each(['id', 'source', 'specversion', 'type'])('"%s" must be there', async (name) => {
      const { [name]: _, ...rest } = event as Record<string, unknown>
      const { [`ce-${name}`]: __, ...headers } = BINARY as Record<string, string>
      for (const { status, json } of [await structured(rest), await binary(headers)]) {
        expect(status).toBe(400)
        expect(json.errors).toMatchObject([{ pointer: `/${name}` }])
      }
    })

    test.each(['id', 'source', 'specversion', 'type'])('"%s" must not be empty', async (name) => {
      for (const { status } of await inBothModes(name, '')) expect(status).toBe(400)
    })

    test.each(['id', 'source', 'specversion', 'type'])('"%s" must be a String', async (name) => {
      for (const value of [1, true, {}])
        expect((await structured({ ...event, [name]: value })).status).toBe(400)
    })

    test.each(['0.3', '1', '1.0.2', '2.0'])('specversion %s is not this one', async (specversion) => {
      for (const { status, json } of await inBothModes('specversion', specversion)) {
        expect(status).toBe(400)
        expect(json.errors).toMatchObject([{ pointer: '/specversion' }])
      }
    })

    test.each([
      'https://github.com/cloudevents',
      'mailto:cncf-wg-serverless@lists.cncf.io',
      'urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66',
      '/cloudevents/spec/pull/123',
      '/sensors/tn-1234567/alerts',
      '1-555-123-4567',
      'shop',
      '.',
      '?a=b',
      '#part',
      '//shop.example.com:8080/a?b#c',
      'http://[2001:db8::7]/c=GB?objectClass?one',
      '/caf%C3%A9',
    ])('the source %s is a URI-reference', async (source) => {
      for (const { status, stored } of await inBothModes('source', source)) {
        expect(status).toBe(202)
        expect(stored.source).toBe(source)
      }
    })

    test.each([
      '/my shop',
      '/café',
      '/a"b',
      '<a>',
      '/a\\b',
      '/{id}',
      '/100%',
      '/%zz',
      'a#b#c',
      '1:a',
      ':a',
      '/a[1]',
      '^',
    ])('the source %s is no URI-reference', async (source) => {
      for (const { status, json } of await inBothModes('source', source)) {
        expect(status).toBe(400)
        expect(json.errors).toMatchObject([
          { pointer: '/source', detail: expect.stringContaining('RFC 3986') },
        ])
      }
    })
  })

  describe('optional attributes', () => {
    test.each([
      'application/json',
      'application/json; charset=utf-8',
      'text/json',
      'application/vnd.shop.order+json',
    ])('datacontenttype %s is JSON: what is stored is application/json', async (type) => {
      expect((await structured({ ...event, datacontenttype: type })).stored.datacontenttype).toBe(JSON_TYPE)
      // HTTP binding 3.1.1: in binary mode it is the Content-Type.
      expect((await binary(BINARY, type)).stored.datacontenttype).toBe(JSON_TYPE)
    })

    test.each(['text/xml', 'text/plain', 'application/octet-stream', 'application/json; charset=latin1'])(
      'datacontenttype %s is not supported',
      async (type) => {
        const inJson = await structured({ ...event, datacontenttype: type })
        expect([inJson.status, inJson.json.code]).toEqual([415, 'unsupported-data'])
        const inHeader = await binary(BINARY, type)
        expect([inHeader.status, inHeader.json.code]).toEqual([415, 'unsupported-media-type'])
      },
    )

    test.each(['urn:sluice:order-placed:1', undefined])('dataschema %s is ours', async (dataschema) => {
      const { stored } = await structured({ ...event, dataschema })
      expect(stored.dataschema).toBe('urn:sluice:order-placed:1')
    })

    test.each(['', 'https://example.com/schema', 'not a URI'])(
      'dataschema "%s" is not ours',
      async (dataschema) => {
        expect((await structured({ ...event, dataschema })).status).toBe(400)
      },
    )

    test('subject must not be empty', async () => {
      for (const { stored } of await inBothModes('subject', 'mynewfile.jpg'))
        expect(stored.subject).toBe('mynewfile.jpg')
      for (const { status } of await inBothModes('subject', '')) expect(status).toBe(400)
    })

    test.each([
      '2018-04-05T17:31:00Z',
      '1990-12-31T23:59:60Z',
      '1937-01-01T12:00:27.87+00:20',
      '1996-12-19t16:39:57-08:00',
    ])('time %s is RFC 3339, and is stored as it was said', async (time) => {
      for (const { stored } of await inBothModes('time', time)) expect(stored.time).toBe(time)
    })

    test.each(['', 'noon', '2018-04-05', '2018-04-05T17:31:00', '2018-02-30T00:00:00Z', '20180405T173100Z'])(
      'time "%s" is not',
      async (time) => {
        for (const { status } of await inBothModes('time', time)) expect(status).toBe(400)
      },
    )
  })

  test('extension context attributes stand beside the others and are passed on', async () => {
    const extensions = { partitionkey: 'k', sequence: '7', tracestate: 'a=1,b=2', sampledrate: 30 }
    expect((await structured({ ...event, ...extensions })).stored).toMatchObject(extensions)
  })
})

describe('spec 5 Size limits', () => {
  test('an event of 64 KiB is taken in every mode', async () => {
    const items = Array.from({ length: 350 }, (_, at) => ({
      sku: String(at).padStart(128, 'x'),
      quantity: 1,
    }))
    const data = { ...orderPlaced.example, items }
    const text = JSON.stringify({ ...event, data })
    expect(text.length).toBeLessThanOrEqual(64 * 1024)
    const padded = text + ' '.repeat(64 * 1024 - text.length)
    expect((await structured(padded)).status).toBe(202)
    expect((await structured(`[${padded}]`, BATCH)).status).toBe(202)
    const gateway = createTestGateway()
    expect((await gateway.post(data, BINARY)).status).toBe(202)
  })
})

describe('JSON format', () => {
  test('2.2 Type system mapping: an attribute that is null is absent', async () => {
    const { stored } = await structured({
      ...event,
      subject: null,
      time: null,
      shop: null,
      data_base64: null,
    })
    expect(stored).not.toHaveProperty('subject')
    expect(stored).not.toHaveProperty('shop')
    expect((await structured({ ...event, id: null })).status).toBe(400)
  })

  test('2.4 Unknown order of members does no harm', async () => {
    expect((await structured(Object.fromEntries(Object.entries(event).reverse()))).status).toBe(202)
  })

  test('3.1 Handling of "data": its JSON value, not a text that holds JSON', async () => {
    expect((await structured(event)).stored.data).toEqual(orderPlaced.example)
    expect((await structured({ ...event, data: JSON.stringify(orderPlaced.example) })).json.code).toBe(
      'schema',
    )
  })

  test('3.1.1 data_base64 is not supported, beside data neither', async () => {
    const { data, ...rest } = event
    for (const body of [
      { ...rest, data_base64: btoa(JSON.stringify(data)) },
      { ...event, data_base64: 'e30=' },
    ]) {
      const { status, json } = await structured(body)
      expect([status, json.code]).toEqual([415, 'unsupported-data'])
      expect(json.errors).toMatchObject([{ pointer: '/data_base64' }])
    }
  })

  test('3.1 an event without data fits no type', async () => {
    const { data, ...rest } = event
    for (const body of [rest, { ...rest, data: null }]) {
      const { status, json } = await structured(body)
      expect([status, json.errors[0].pointer]).toEqual([400, '/data'])
    }
  })

  test('4 JSON batch format: events of one batch may differ, and each has its own result', async () => {
    const { status, json } = await structured([event, { ...event, specversion: '0.3' }], BATCH)
    expect([status, json.accepted, json.rejected]).toEqual([207, 1, 1])
  })

  test('4.2 an empty batch is one', async () => {
    const { status, json } = await structured([], BATCH)
    expect(status).toBe(202)
    expect(json).toMatchObject({ accepted: 0, results: [] })
  })

  test.each([[event], ['x'], [null]])('4 a batch must be an array, not %j', async (body) => {
    expect((await structured(body, BATCH)).status).toBe(400)
  })
})

describe('HTTP binding', () => {
  test.each([
    `${STRUCTURED}; charset=UTF-8`,
    'Application/CloudEvents+JSON',
    `${STRUCTURED};charset="utf-8"`,
  ])('3.2.1 structured mode: %s', async (type) => {
    expect((await structured(event, type)).status).toBe(202)
  })

  test.each([
    'application/cloudevents',
    'application/cloudevents+xml',
    'application/cloudevents+avro',
    `${STRUCTURED}; charset=utf-16`,
  ])('3 an event format that is not known is refused: %s', async (type) => {
    const { status, json } = await structured(event, type)
    expect([status, json.code]).toEqual([415, 'unsupported-media-type'])
  })

  test('3 the Content-Type decides the mode: ce- headers beside a structured event do not count', async () => {
    const gateway = createTestGateway()
    await gateway.post(event, { 'content-type': STRUCTURED, ...BINARY, 'ce-id': 'other' })
    expect(gateway.stored()[0].id).toBe(event.id)
  })

  test('3.1.2 the body is the data', async () => {
    const { status, stored } = await binary(BINARY)
    expect(status).toBe(202)
    expect(stored).toMatchObject(event)
  })

  test.each([
    ['Euro%20%E2%82%AC%20%F0%9F%98%80', 'Euro € 😀'],
    ['Euro %E2%82%AC', 'Euro €'],
    ['%c3%a9', 'é'],
    ['%25', '%'],
    ['a%2541', 'a%41'],
    ['"quoted \\"twice\\" \\\\"', 'quoted "twice" \\'],
    ['"Euro%20%E2%82%AC"', 'Euro €'],
    ['a,b', 'a,b'],
    ['"', '"'],
  ])('3.1.3.2 the header %s is the value %s', async (header, value) => {
    expect((await binary({ ...BINARY, 'ce-subject': header })).stored.subject).toBe(value)
  })

  test.each(['100%', '%', '%4', '%GG', '%E2%82', '%C0%AF', '%FF'])(
    '3.1.3.2 the header %s is no percent-encoded UTF-8',
    async (header) => {
      const { status, json } = await binary({ ...BINARY, 'ce-subject': header })
      expect(status).toBe(400)
      expect(json.errors).toMatchObject([{ pointer: '/subject' }])
    },
  )

  test('3.1.3.2 bytes outside of ASCII in a header are refused, not guessed at', async () => {
    const { server } = createTestGateway()
    onTestFinished(() => server.close())
    const { port } = new URL(await server.listen({ port: 0, host: '127.0.0.1' }))
    const body = JSON.stringify(orderPlaced.example)
    const head = Object.entries({ ...BINARY, host: 'x', connection: 'close', 'content-type': JSON_TYPE })
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('')
    const socket = connect(Number(port), '127.0.0.1')
    socket.end(
      `POST /v1/events HTTP/1.1\r\n${head}ce-subject: caf\u00e9\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    )
    let answer = ''
    for await (const chunk of socket) answer += chunk
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect(answer).toContain('percent-encoded')
  })

  test('3.1.3.1 names of headers have no case', async () => {
    const headers = Object.fromEntries(
      Object.entries(BINARY).map(([name, value]) => [name.toUpperCase(), value]),
    )
    expect((await binary(headers)).status).toBe(202)
  })

  test('3.3 batched mode', async () => {
    expect((await structured([event, { ...event, id: '2' }], BATCH)).json).toMatchObject({ accepted: 2 })
  })
})

describe('Kafka binding', () => {
  test('3.3 what is stored is in structured mode, and says so', async () => {
    const gateway = createTestGateway()
    await gateway.post(event, { 'content-type': STRUCTURED })
    expect(gateway.published[0]!.headers).toEqual({ 'content-type': STRUCTURED })
  })
})
