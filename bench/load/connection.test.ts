import { expect, test } from 'vitest'
import { readAnswer } from './connection.ts'

const bytes = Buffer.from('HTTP/1.1 202 Accepted\r\nContent-Length: 14\r\ndate: x\r\n\r\n{"accepted":1}')

test('an answer is read once all of it is there', () => {
  for (let length = 0; length < bytes.length; length++) {
    expect(readAnswer(bytes.subarray(0, length))).toBeUndefined()
  }
  expect(readAnswer(bytes)).toEqual({ status: 202, body: '{"accepted":1}' })
})

test('an answer without a length cannot be read', () => {
  expect(readAnswer(Buffer.from('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'))).toBe('unreadable')
})
