import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { answersKafka } from './broker-probe.ts'
import { findJava } from './java.ts'
import { resolveKafkaJars } from './kafka-jars.ts'
import { type LocalKafka, type LocalKafkaOptions, startLocalKafka } from './local-kafka.ts'
import { freePort } from './port-owner.ts'
import { KAFKA_CACHE_DIR } from './real-broker.ts'
import { waitFor } from './wait-for.ts'

const hasJava = await findJava().then(
  () => true,
  () => false,
)

// Two starts a test, each of which takes a busy machine long.
describe.skipIf(!hasJava)('startLocalKafka', { timeout: 180_000 }, () => {
  let libs: string
  let parent: string
  let dataDir: string
  let running: LocalKafka[]
  let notices: string[]

  beforeAll(async () => {
    libs = await resolveKafkaJars({ cacheDir: KAFKA_CACHE_DIR })
  })

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'sluice-kafka-test-'))
    dataDir = join(parent, 'kafka')
    running = []
    notices = []
  })

  afterEach(async () => {
    await Promise.all(running.map((kafka) => kafka.stop()))
    await rm(parent, { recursive: true, force: true })
  })

  async function start(options: Partial<LocalKafkaOptions> = {}): Promise<LocalKafka> {
    const port = options.port ?? (await freePort())
    const kafka = await startLocalKafka({
      libs,
      dataDir,
      heapMb: 256,
      onNotice: (line) => notices.push(line),
      ...options,
      port,
    })
    running.push(kafka)
    return kafka
  }

  it('answers when it has started, and no longer when it has stopped', async () => {
    const kafka = await start()
    expect(await answersKafka(kafka.brokers)).toBe(true)
    await kafka.stop()
    expect(await answersKafka(kafka.brokers)).toBe(false)
    expect(await readdir(parent)).toEqual(['kafka'])
    expect(existsSync(join(dataDir, 'kafka.pid'))).toBe(false)
    expect(kafka.heldTopics).toBe(false)
  })

  it('keeps its data over a restart on another port', async () => {
    await (await start()).stop()
    const directoryId = await readFile(join(dataDir, 'data', 'meta.properties'), 'utf8')
    await start()
    expect(await readFile(join(dataDir, 'data', 'meta.properties'), 'utf8')).toBe(directoryId)
    expect(notices.join('\n')).not.toContain('Moved to')
  })

  it('refuses a port in use and names who has it', async () => {
    const server: Server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    await expect(start({ port })).rejects.toMatchObject({
      code: 'port-in-use',
      message: expect.stringMatching(new RegExp(`Port ${port} is in use by .*pid ${process.pid}`)),
    })
    server.close()
    expect(existsSync(dataDir)).toBe(false)
  })

  it('refuses a folder that holds something else', async () => {
    await mkdir(dataDir)
    await writeFile(join(dataDir, 'thesis.tex'), 'years of work')
    await expect(start()).rejects.toMatchObject({ code: 'kafka-data' })
    expect(await readdir(parent)).toEqual(['kafka'])
  })

  it.each([
    [
      'a broken meta.properties',
      (folder: string) => writeFile(join(folder, 'data', 'meta.properties'), 'version='),
    ],
    ['a missing format note', (folder: string) => rm(join(folder, 'format.json'))],
    [
      'data of a newer Kafka',
      (folder: string) =>
        writeFile(join(folder, 'format.json'), JSON.stringify({ kafka: '99.0.0', users: '' })),
    ],
    [
      'a broken quorum state',
      (folder: string) => writeFile(join(folder, 'data', '__cluster_metadata-0', 'quorum-state'), '{'),
    ],
    [
      'a broken bootstrap file',
      (folder: string) => writeFile(join(folder, 'data', 'bootstrap.checkpoint'), 'x'),
    ],
  ])('moves %s aside and starts afresh', async (_, breakIt) => {
    await (await start()).stop()
    await breakIt(dataDir)
    const kafka = await start()
    expect(await answersKafka(kafka.brokers)).toBe(true)
    expect(await readdir(parent)).toEqual(['kafka', expect.stringMatching(/^kafka\.stale-/)])
    expect(notices.join('\n')).toMatch(/cannot be used .*kafka\.stale-/)
  })

  it('shows the last lines of a Kafka that ends at once', async () => {
    await expect(start({ properties: { 'num.io.threads': 'many' } })).rejects.toMatchObject({
      code: 'kafka-start',
      message: expect.stringContaining('num.io.threads'),
    })
  })

  it('tells when the JVM ends by itself', async () => {
    const kafka = await start()
    process.kill(kafka.pid, 'SIGKILL')
    await kafka.exited
    expect(await answersKafka(kafka.brokers)).toBe(false)
    await kafka.stop()
  })

  it('refuses the folder of a Kafka whose starter still runs', async () => {
    const kafka = await start()
    await expect(start()).rejects.toMatchObject({
      code: 'kafka-data',
      message: expect.stringContaining('running'),
    })
    expect(await answersKafka(kafka.brokers)).toBe(true)
  })

  it('stops the Kafka that a killed process left behind', async () => {
    const port = await freePort()
    const module = new URL('./local-kafka.ts', import.meta.url).href
    const script = `const { startLocalKafka } = await import(${JSON.stringify(module)})
      const kafka = await startLocalKafka(${JSON.stringify({ libs, dataDir, port, heapMb: 256 })})
      console.log(kafka.pid)`
    const starter = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const orphan = Number((await once(createInterface({ input: starter.stdout }), 'line'))[0])
    starter.kill('SIGKILL')
    await once(starter, 'close')
    expect(await answersKafka(`127.0.0.1:${port}`)).toBe(true)

    const kafka = await start({ port })
    expect(kafka.pid).not.toBe(orphan)
    expect(notices.join('\n')).toContain(`pid ${orphan}`)
    await waitFor(() => !existsSync(`/proc/${orphan}`), { describe: 'the orphan to end' })
  })
})
