import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { askProcesses } from './process-settings.ts'

const SETTING = { variable: 'PORT', description: 'Where.', required: false, default: '80' }
let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sluice-processes-'))
})
afterEach(() => rmSync(root, { recursive: true }))

function service(main: string, source: string): void {
  const file = join(root, 'services', main)
  mkdirSync(join(file, '..'), { recursive: true })
  writeFileSync(file, source)
}

const ANSWER = `if (process.argv[2] === '--print-settings') console.log(${JSON.stringify(JSON.stringify([SETTING]))})`

test('every folder with a main file has settings, in order of the names', async () => {
  service('two/main.ts', ANSWER)
  service('one/src/main.ts', ANSWER)
  service('none/README.md', 'nothing to run')
  expect(await askProcesses(root)).toEqual([
    { name: 'one', settings: [SETTING] },
    { name: 'two', settings: [SETTING] },
  ])
})

test('one consumer service speaks for all, and for nobody else', async () => {
  service('a/main.ts', ANSWER)
  service('b/main.ts', "throw new Error('was asked')")
  expect((await askProcesses(root)).map(({ name }) => name)).toEqual(['a', 'b'])
  service('c/src/main.ts', "throw new Error('was asked')")
  await expect(askProcesses(root)).rejects.toThrow(/was asked/)
})

test('a process that answers with something else, or not at all, is named', async () => {
  service('one/main.ts', "console.log('listening')")
  await expect(askProcesses(root)).rejects.toThrow(/one.main\.ts --print-settings answered with: listening/)
  service('one/main.ts', "throw new Error('it broke')")
  await expect(askProcesses(root)).rejects.toThrow(/one.main\.ts --print-settings(.|\n)*it broke/)
})
