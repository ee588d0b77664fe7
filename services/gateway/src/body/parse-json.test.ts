import fc from 'fast-check'
import { safeParse } from 'secure-json-parse'
import { expect, test } from 'vitest'
import { parseJson } from './parse-json.ts'

const parse = (text: string, maxValues = 1000) => parseJson(Buffer.from(text), maxValues)

test.each([
  '{"__proto__":{"a":1}}',
  String.raw`{"a":{"\u005f\u005Fproto\u005f_":1}}`,
  String.raw`{"c\u006fnstructor":{"protot\u0079pe":1}}`,
  '[{"constructor":{"prototype":null}}]',
  ' { "__proto__" : 1 } ',
])('%s reaches for a prototype', (text) => {
  expect(parse(text)).toMatchObject({ ok: false, code: 'forbidden-key' })
})

test.each([
  '{"constructor":"Bauer & Co"}',
  '{"constructor":{"name":"Bauer"}}',
  '{"note":"the key \\"__proto__\\": is not allowed"}',
  '{"a":{"__proto__":1},"a":2}',
])('%s is allowed', (text) => {
  expect(parse(text)).toEqual({ ok: true, value: JSON.parse(text), lost: false, halves: false })
})

/** Each character as it is, or escaped. */
const spelt = (name: string) =>
  fc
    .array(fc.boolean(), { minLength: name.length, maxLength: name.length })
    .map((escaped) => [...name].map((char, i) => (escaped[i] ? escapeOf(char) : char)).join(''))

function escapeOf(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
}

test('agrees with secure-json-parse, wherever a key stands and however it is spelt', () => {
  const key = fc.oneof(spelt('__proto__'), spelt('constructor'), spelt('prototype'), spelt('other'))
  const { json } = fc.letrec<{ json: string }>((tie) => ({
    json: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom('1', 'null', '"__proto__"'),
      fc
        .array(fc.tuple(key, tie('json')), { maxLength: 3 })
        .map((members) => `{${members.map(([name, value]) => `"${name}":${value}`).join(',')}}`),
      fc.array(tie('json'), { maxLength: 3 }).map((members) => `[${members.join(',')}]`),
    ),
  }))
  fc.assert(
    fc.property(json, (text) => {
      fc.pre(text !== 'null')
      const parsed = parse(text)
      expect(parsed.ok ? parsed.value : null).toEqual(safeParse(text))
    }),
    { numRuns: 1000 },
  )
})

test.each([
  ['', 'empty-body', 'The body is empty.'],
  [' \n', 'invalid-json', 'The body is only white space.'],
  ['\ufeff', 'invalid-json', 'The body is only white space.'],
  ['{"a":', 'invalid-json', 'The body is not JSON: Unexpected end of JSON input'],
  ['[}', 'invalid-json', 'The body is not JSON: Unexpected token \'}\', "[}" is not valid JSON'],
])('%j is no JSON, and told why', (text, code, detail) => {
  expect(parse(text)).toEqual({ ok: false, code, detail })
})

test.each([100, 100_000])('%i brackets nest too deeply, whether or not they are parsed first', (count) => {
  const brackets = '['.repeat(count) + ']'.repeat(count)
  expect(parse(brackets, 200_000)).toMatchObject({ ok: false, code: 'too-deep' })
  // A large body is not parsed to find that out: what is wrong behind the depth is not seen.
  const code = count > 65_536 ? 'too-deep' : 'invalid-json'
  expect(parse(`${brackets}]`, 200_000)).toMatchObject({ ok: false, code })
})

test.each(['null', '\ufeffnull', ' 5 ', '"x"'])('%j is JSON', (text) => {
  expect(parse(text)).toMatchObject({ ok: true })
})

test('a large body may have so many values, a small one any number', () => {
  const zeros = (count: number) => `[${'0,'.repeat(count)}0]`
  expect(parse(zeros(32_000), 10)).toMatchObject({ ok: true })
  expect(parse(zeros(33_000), 33_001)).toMatchObject({ ok: true })
  expect(parse(zeros(33_000), 33_000)).toMatchObject({ ok: false, code: 'body-too-large' })
})

test.each([
  [String.raw`"\ud83d"`, true],
  [String.raw`"\uDCA9"`, true],
  // A pair, however it is written: looked at closer.
  [String.raw`"\ud83d\udca9"`, true],
  ['"💩"', false],
  [String.raw`"\u00e4\n"`, false],
])('%s may have half of a surrogate pair: %s', (text, halves) => {
  expect(parse(text)).toMatchObject({ ok: true, halves })
})
