import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { changeTree, removeServiceFolder } from './change-tree.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sluice-tree-'))
  writeFileSync(join(root, 'a'), 'before')
  mkdirSync(join(root, 'kept'))
})
afterEach(() => rmSync(root, { recursive: true }))

const read = (path: string) => readFileSync(join(root, path), 'utf8')

it('writes, changes and removes, and undoes all of it', () => {
  writeFileSync(join(root, 'gone'), 'x')
  const { undo } = changeTree(root, [
    { path: 'a', text: 'after' },
    { path: 'new/deep/b', text: 'b' },
    { path: 'kept/c', text: 'c' },
    { path: 'gone', text: undefined },
  ])
  expect([read('a'), read('new/deep/b'), read('kept/c'), existsSync(join(root, 'gone'))]).toEqual([
    'after',
    'b',
    'c',
    false,
  ])
  undo()
  expect([read('a'), read('gone')]).toEqual(['before', 'x'])
  expect(readdirSync(root).sort()).toEqual(['a', 'gone', 'kept'])
  expect(readdirSync(join(root, 'kept'))).toEqual([])
})

it('leaves nothing when one change fails', () => {
  // A folder cannot be made inside of a file.
  expect(() =>
    changeTree(root, [
      { path: 'b', text: 'b' },
      { path: 'a/c', text: 'c' },
    ]),
  ).toThrow()
  expect(readdirSync(root).sort()).toEqual(['a', 'kept'])
  expect(read('a')).toBe('before')
})

it('removes the folder of a service with its links, but not with what somebody else put there', () => {
  mkdirSync(join(root, 'services/one/node_modules'), { recursive: true })
  removeServiceFolder(root, 'one')
  expect(existsSync(join(root, 'services/one'))).toBe(false)
  mkdirSync(join(root, 'services/two'), { recursive: true })
  writeFileSync(join(root, 'services/two/notes.md'), 'mine')
  removeServiceFolder(root, 'two')
  expect(read('services/two/notes.md')).toBe('mine')
  removeServiceFolder(root, 'never-there')
})
