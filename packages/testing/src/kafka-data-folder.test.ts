import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { holdsTopics } from './kafka-data-folder.ts'

it('tells a folder that stores topics from one that stores only the metadata', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'sluice-data-folder-'))
  expect(await holdsTopics(dataDir)).toBe(false)
  mkdirSync(join(dataDir, 'data', '__cluster_metadata-0'), { recursive: true })
  expect(await holdsTopics(dataDir)).toBe(false)
  mkdirSync(join(dataDir, 'data', 'order-placed.high-2'))
  expect(await holdsTopics(dataDir)).toBe(true)
  rmSync(dataDir, { recursive: true })
})
