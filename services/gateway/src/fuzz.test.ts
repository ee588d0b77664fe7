import { fork } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { fileURLToPath } from 'node:url'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { orderPlaced } from '@sluice/events'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { problems } from './problems.ts'

/** 100,000 take three to six minutes on a busy machine of two cores. */
const RUNS = Number(process.env['TEST_FUZZ_RUNS'] ?? 2000)
const CANARY_EVERY = 100
/** Without limits V8 lets garbage lie while the machine has memory, and growth could not be told from it. */
const HEAP = ['--max-old-space-size=96', '--max-semi-space-size=8']

const order = { type: 'order-placed', data: orderPlaced.example }
const cloudEvent = { specversion: '1.0', id: '1', source: '/s', ...order }

const corpus = [
  order,
  [order, order],
  cloudEvent,
  [cloudEvent, { ...cloudEvent, id: '2' }],
  { ...order, id: 'x', time: '2026-11-24T10:30:00Z', subject: 's', priority: 'high' },
].map((value) => JSON.stringify(value))

/** What has hurt JSON readers before. */
const tokens = [
  ...[
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '\\',
    '\n',
    '\r\n',
    '\0',
    '\u2028',
    '\ufeff',
    '[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[',
  ],
  ...[
    '1e400',
    '-1e400',
    '9007199254740993',
    '-0',
    '0.1e-999',
    '01',
    '1.',
    '+1',
    'NaN',
    'Infinity',
    '0x10',
    'null',
    'true',
  ],
  ...['"\\ud800"', '"\\udfff\\ud800"', '"\\u0000"', '"\\x41"', '"\ud83d"', "'a'", '/* */', '// '],
  ...[
    '"__proto__":1,',
    '"constructor":{"prototype":{}},',
    '"toString":1,',
    '"type":"x",',
    '"id":"",',
    '"data":null,',
  ],
  ...[
    '"hasOwnProperty":1,',
    '"then":{},',
    '"length":-1,',
    '"data_base64":"e30=",',
    '"tenant":"x",',
    '"priority":"urgent",',
  ],
]

const edit = fc.oneof(
  fc.record({ at: fc.nat(), cut: fc.nat({ max: 20 }), put: fc.constantFrom(...tokens) }),
  fc.record({ at: fc.nat(), cut: fc.nat({ max: 400 }), put: fc.constant('') }),
  fc.record({ at: fc.nat(), cut: fc.nat({ max: 3 }), put: fc.string({ unit: 'binary', maxLength: 4 }) }),
)

const text = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.constantFrom(...corpus), fc.array(edit, { minLength: 1, maxLength: 4 }))
      .map(applyEdits),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
  { weight: 1, arbitrary: fc.constantFrom(...tokens).map((token) => token.repeat(1000)) },
)
const bytes = fc.oneof(
  { weight: 6, arbitrary: text.map((said) => Buffer.from(said)) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }).map((raw) => Buffer.from(raw)) },
)
const encoded = fc
  .tuple(bytes, fc.constantFrom('none', 'none', 'none', 'gzip', 'zstd', 'lie', 'cut', 'br'))
  .map(encode)
const headers = fc.record(
  {
    'content-type': fc.constantFrom(
      ...['application/json', 'application/cloudevents+json', 'application/cloudevents-batch+json'],
      ...[
        'application/x-ndjson',
        'application/json\t; charset=utf-8',
        'text/plain',
        'application/json;charset=x',
        ';',
      ],
    ),
    'ce-id': fc.constantFrom('1', '%', '"', '%00', '%f0%9f%92%a9'),
    'ce-type': fc.constantFrom('order-placed', '__proto__', ''),
    traceparent: fc.constantFrom('00-0-0-0', 'x'.repeat(300)),
    prefer: fc.constantFrom('return=minimal', ',;=', 'return="minimal'),
  },
  { requiredKeys: ['content-type'] },
)

function applyEdits([said, edits]: [string, { at: number; cut: number; put: string }[]]): string {
  return edits.reduce((now, { at, cut, put }) => {
    const from = at % (now.length + 1)
    return now.slice(0, from) + put + now.slice(from + cut)
  }, said)
}

function encode([body, how]: [Buffer, string]): { body: Buffer; coding?: string } {
  if (how === 'none') return { body }
  if (how === 'zstd') return { body: zstdCompressSync(body), coding: how }
  if (how === 'gzip') return { body: gzipSync(body), coding: how }
  if (how === 'cut') return { body: gzipSync(body).subarray(0, -4), coding: 'gzip' }
  return { body, coding: how === 'lie' ? 'gzip' : how }
}

test('whatever is sent over a socket: no failure, no hang, no growth, and others are served', {
  timeout: 600_000,
}, async () => {
  const gateway = fork(fileURLToPath(new URL('gateway-process.ts', import.meta.url)), { execArgv: HEAP })
  onTestFinished(() => void gateway.kill())
  const [{ port }] = (await once(gateway, 'message')) as [{ port: number }]
  const agent = new Agent({ keepAlive: true, maxSockets: 4 })
  onTestFinished(() => agent.destroy())

  async function post(
    body: Buffer,
    said: Record<string, string>,
  ): Promise<{ status: number; answer: string }> {
    const client = request({ agent, port, method: 'POST', path: '/v1/events', headers: said }).end(body)
    const [response] = await once(client, 'response')
    let answer = ''
    for await (const chunk of response) answer += chunk
    return { status: response.statusCode, answer }
  }

  let sent = 0
  await fc.assert(
    fc.asyncProperty(encoded, headers, async ({ body, coding }, said) => {
      const { status, answer } = await post(body, {
        ...said,
        ...(coding && { 'content-encoding': coding }),
      } as Record<string, string>)
      expect([200, 202, 207, 400, 403, 404, 409, 413, 415, 422]).toContain(status)
      if (status >= 400 && answer.includes('"code"')) {
        const { code, results } = JSON.parse(answer)
        if (!results) expect(Object.keys(problems)).toContain(code)
      }
      if (status === 200) expect(answer.trim().split('\n').at(-1)).toMatch(/^\{"(summary|error)":/)
      if (++sent % CANARY_EVERY !== 0) return
      expect(await post(Buffer.from(corpus[0]!), { 'content-type': 'application/json' })).toMatchObject({
        status: 202,
      })
    }),
    { numRuns: RUNS },
  )
  gateway.send('memory')
  const [{ maxRss }] = (await once(gateway, 'message')) as [{ maxRss: number }]
  expect(maxRss / 2 ** 20).toBeLessThan(200)
})
