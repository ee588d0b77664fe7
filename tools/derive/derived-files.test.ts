import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { checkFiles, writeFiles } from './derived-files.ts'

const FILES = [
  { path: 'docs/deep/a.md', text: 'a\n' },
  { path: 'b', text: 'b\n' },
]
let root: string
let said: string[]
const say = (line: string) => void said.push(line)

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sluice-derive-'))
  said = []
})
afterEach(() => rmSync(root, { recursive: true }))

test('what was written is up to date', () => {
  expect(writeFiles(root, FILES, say)).toBe(0)
  expect(readFileSync(join(root, 'docs/deep/a.md'), 'utf8')).toBe('a\n')
  expect(checkFiles(root, FILES, say)).toBe(0)
})

test('a file that differs is exit code 1 and is named, and only it', () => {
  writeFiles(root, FILES, say)
  writeFileSync(join(root, 'b'), 'b by hand\n')
  said = []
  expect(checkFiles(root, FILES, say)).toBe(1)
  expect(said).toEqual(['b is not what the code says. Run: npm run derive'])
  expect(readFileSync(join(root, 'b'), 'utf8')).toBe('b by hand\n')
})

test('a file that is missing differs', () => {
  expect(checkFiles(root, FILES, say)).toBe(1)
  expect(said).toHaveLength(2)
})

test('a file that is up to date is not touched', () => {
  writeFiles(root, FILES, say)
  const before = statSync(join(root, 'b'), { bigint: true }).mtimeNs
  writeFiles(root, FILES, say)
  expect(statSync(join(root, 'b'), { bigint: true }).mtimeNs).toBe(before)
})
