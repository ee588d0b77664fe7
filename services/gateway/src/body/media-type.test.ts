import { expect, test } from 'vitest'
import { bodyFormOf, isJsonMediaType } from './media-type.ts'

test.each([
  ['application/json', 'bare'],
  ['Application/JSON; charset=UTF-8', 'bare'],
  ['application/json;charset="utf-8"', 'bare'],
  ['application/json; profile=x', 'bare'],
  ['application/cloudevents+json; charset=utf8', 'structured'],
  ['application/cloudevents-batch+json', 'structured-batch'],
  ['application/x-ndjson', 'lines'],
  ['\tapplication/json', 'bare'],
])('%s is %s', (contentType, form) => {
  expect(bodyFormOf(contentType, () => false)).toBe(form)
})

test.each([
  undefined,
  '',
  'text/plain',
  'application/json; charset=latin1',
  'application/json;charset=utf-16',
  'application/jsonp',
  'application/x-www-form-urlencoded',
  'application/cloudevents+xml',
  'application/cloudevents',
  'multipart/form-data; boundary=x',
  'application/json, text/plain',
  'application/json text/plain',
  'application/json\t;charset=latin1',
  'application /json',
])('%s is not supported', (contentType) => {
  expect(bodyFormOf(contentType, () => true)).toBeUndefined()
})

test('any JSON type is the data of an event whose attributes are in headers, and nothing without them', () => {
  for (const type of ['text/json', 'application/vnd.shop.order+json; charset=utf-8']) {
    expect(bodyFormOf(type, () => true)).toBe('bare')
    expect(bodyFormOf(type, () => false)).toBeUndefined()
  }
})

test.each([
  'application/json',
  'text/json',
  'application/vnd.shop.order+json',
  'application/json; charset=utf-8',
])('data of type %s is JSON', (contentType) => expect(isJsonMediaType(contentType)).toBe(true))

test.each([
  'application/xml',
  'text/plain',
  'json',
  'application/json-seq',
  'application/json; charset=latin1',
])('data of type %s is not JSON', (contentType) => expect(isJsonMediaType(contentType)).toBe(false))
