import fc from 'fast-check'
import { expect, test } from 'vitest'
import { inspect } from './inspect.ts'

const inspectText = (text: string, maxDepth: number) => inspect(JSON.parse(text), maxDepth)

test('nesting up to the limit passes, one more does not', () => {
  expect(inspectText('[[[]]]', 3)).toBe('harmless')
  expect(inspectText('[[[[]]]]', 3)).toBe('too-deep')
  expect(inspectText('{"a":[{"b":{}}]}', 3)).toBe('too-deep')
})

test('siblings do not add up', () => {
  expect(inspectText('[[],[],[],{},{}]', 2)).toBe('harmless')
})

test.each(['1e400', '[-1e400]', '{"a":9007199254740993}', '{"a":[1e300]}'])(
  '%s is suspect as a number',
  (text) => {
    expect(inspectText(text, 32)).toBe('suspect')
  },
)

test.each(['5', '9007199254740991', 'null', '"__proto__"', 'true'])('%s is not nested at all', (text) => {
  expect(inspectText(text, 0)).toBe('harmless')
})

test('nesting that would overflow any stack is told', () => {
  expect(inspectText('['.repeat(1e5) + ']'.repeat(1e5), 32)).toBe('too-deep')
})

test('agrees with the depth of the value, for any JSON', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 8 }), fc.integer({ min: 0, max: 8 }), (value, limit) => {
      expect(inspect(value, limit) === 'too-deep').toBe(depthOf(value) > limit)
    }),
  )
})

test.each([
  '{"__proto__":1}',
  '{"a":[1,{"b":{"__proto__":null}}]}',
  String.raw`{"\u005f_prot\u006F__":{}}`,
  '{"constructor":{"prototype":{}}}',
  String.raw`[{"\u0063onstructor":1}]`,
  '{"a":{"__proto__":{}},"b":{}}',
])('%s is suspect', (text) => {
  expect(inspectText(text, 32)).toBe('suspect')
})

test.each([
  '{"proto":"__proto__","a":["constructor"]}',
  String.raw`{"a":"\"__proto__\":"}`,
  '{"prototype":{},"__proto":{}}',
])('%s only looks like it', (text) => {
  expect(inspectText(text, 32)).toBe('harmless')
})

test('too deep outweighs suspect, wherever it stands', () => {
  expect(inspectText('{"__proto__":1,"a":[[]]}', 2)).toBe('too-deep')
  expect(inspectText('[[{}],{"constructor":1}]', 2)).toBe('too-deep')
})

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  return 1 + Math.max(0, ...Object.values(value).map(depthOf))
}
