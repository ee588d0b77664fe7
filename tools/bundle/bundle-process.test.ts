import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundleProcess } from './bundle-process.ts'

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const SERVICE = 'services/order-placed/main.ts'

let folder: string
let one: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-bundle-'))
  one = join(folder, 'one')
  await bundleProcess(ROOT, 'order-placed', SERVICE, one)
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('a bundle', () => {
  it('runs with Node alone, far from the workspace', () => {
    const settings = execFileSync(process.execPath, ['main.js', '--print-settings'], {
      cwd: one,
      encoding: 'utf8',
    })
    expect(JSON.parse(settings)).toContainEqual(expect.objectContaining({ variable: 'KAFKA_BROKERS' }))
  })

  it('brings the addon of this platform, and the worker that the process starts', () => {
    const crc = 'console.log(require("@node-rs/crc32").crc32c("123456789").toString(16))'
    expect(execFileSync(process.execPath, ['--eval', crc], { cwd: one, encoding: 'utf8' })).toBe('e3069283\n')
    expect(read(one, 'main.js')).toContain('new URL("watchdog-worker.js", import.meta.url)')
    expect(read(one, 'watchdog-worker.js')).toContain('SIGKILL')
  })

  it('brings the files that a process reads, and reads them there', async () => {
    const gateway = join(folder, 'gateway')
    await bundleProcess(ROOT, 'gateway', 'services/gateway/src/main.ts', gateway)
    for (const file of ['page.html', 'page.css', 'page.js']) {
      const source = readFileSync(join(ROOT, 'services/gateway/src/documents/page', file), 'utf8')
      expect(read(gateway, file)).toBe(source)
      expect(read(gateway, 'main.js')).toContain(`new URL("${file}", import.meta.url)`)
    }
  })

  it('is the same a second time, and what lay in its folder is gone', async () => {
    const two = join(folder, 'two')
    await bundleProcess(ROOT, 'order-placed', SERVICE, two)
    writeFileSync(join(two, 'old.js'), '')
    await bundleProcess(ROOT, 'order-placed', SERVICE, two)
    const files = listFiles(one)
    expect(listFiles(two)).toEqual(files)
    for (const file of files)
      expect(readFileSync(join(two, file)).equals(readFileSync(join(one, file))), file).toBe(true)
  })

  it('names the packages that went in, and no other', () => {
    const { metadata, components } = JSON.parse(read(one, 'sbom.cdx.json')) as {
      metadata: { component: { name: string } }
      components: { name: string; purl: string; licenses: { expression: string }[] }[]
    }
    const names = components.map(({ name }) => name)
    expect(metadata.component.name).toBe('@sluice/order-placed')
    expect(names).toEqual(
      expect.arrayContaining(['kafkajs', 'pino', 'prom-client', 'zod', '@sluice/service', '@node-rs/crc32']),
    )
    expect(names.filter((name) => name.startsWith('@node-rs/crc32-'))).toHaveLength(1)
    expect(
      names.filter((name) => /vitest|testcontainers|rolldown|fastify|@sluice\/testing/.test(name)),
    ).toEqual([])
    expect(new Set(names).size).toBe(names.length)
    for (const { purl, licenses } of components) {
      expect(purl).toMatch(/^pkg:npm\/(%40[\w.-]+\/)?[\w.-]+@\d+\.\d+\.\d+/)
      expect(licenses[0]!.expression).toMatch(/^[\w.-]+( OR [\w.-]+)?$/)
    }
  })

  it('brings the licences of what others wrote', () => {
    const licenses = read(one, 'licenses.txt')
    expect(licenses).toMatch(/^kafkajs 2\.2\.4: MIT\n\n.*MIT License/ms)
    expect(licenses.split('Permission is hereby granted').length).toBeGreaterThan(10)
  })

  it('of the topics has nothing that only tests need', async () => {
    const topics = join(folder, 'topics')
    await bundleProcess(ROOT, 'topics', 'tools/topics.ts', topics)
    expect(read(topics, 'sbom.cdx.json')).not.toMatch(/"(vitest|testcontainers)"/)
    const plan = execFileSync(process.execPath, ['main.js', '--dry-run'], { cwd: topics, encoding: 'utf8' })
    expect(plan).toContain('events.order-placed.high  3 partitions')
  })

  it('is refused where an import leads nowhere', async () => {
    const broken = join(folder, 'broken.ts')
    writeFileSync(broken, "import './gone.ts'\n")
    await expect(bundleProcess(ROOT, 'broken', broken, join(folder, 'broken'))).rejects.toThrow('./gone.ts')
  })
})

function listFiles(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => statSync(join(root, file)).isFile())
    .sort()
}

function read(root: string, file: string): string {
  return readFileSync(join(root, file), 'utf8')
}
