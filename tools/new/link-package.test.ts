import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { lockServices } from './link-package.ts'

const lockfile = readFileSync(join(import.meta.dirname, '../../pnpm-lock.yaml'), 'utf8')

it('writes for a service what pnpm wrote for those that there are', () => {
  const without = lockServices(lockfile, { remove: ['page-viewed'] })
  expect(without).not.toContain('services/page-viewed')
  expect(lockServices(without, { add: ['page-viewed'] })).toBe(lockfile)
})

it('changes nothing else', () => {
  expect(lockServices(lockfile, {})).toBe(lockfile)
  expect(lockServices(lockfile, { add: ['page-viewed'] })).toBe(lockfile)
  const added = lockServices(lockfile, { add: ['a-new-one', 'zz'] })
  expect(lockServices(added, { remove: ['zz', 'a-new-one'] })).toBe(lockfile)
})

it('says so when the lockfile is laid out otherwise', () => {
  expect(() => lockServices('lockfileVersion: 12\n', { add: ['a'] })).toThrow(/laid out/)
})
