import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { startLocalKafka } from './local-kafka.ts'
import { freePort } from './port-owner.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sluice-abort-'))
  for (const folder of ['bin', 'libs']) mkdirSync(join(root, folder))
  writeFileSync(join(root, 'libs/kafka-clients-4.0.0.jar'), '')
  vi.stubEnv('JAVA_HOME', root)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(root, { recursive: true })
})

const HANG = `echo $$ > PID; trap '' TERM; echo hangs; while [ -e PID ]; do sleep 0.05; done`

/** A Java that may hang until the test's folder is gone, and then hears no SIGTERM. */
function installJava({ format, start }: { format: string; start: string }): void {
  const java = join(root, 'bin/java')
  const script = `#!/bin/sh
case "$*" in
  -version) echo 'openjdk version "21.0.2"' ;;
  *StorageTool*) ${format} ;;
  *) ${start} ;;
esac
`
  writeFileSync(java, script.replaceAll('PID', join(root, 'pid')))
  chmodSync(java, 0o755)
}

/** Starts, and gives up as soon as the JVM hangs. */
async function startAndAbort(): Promise<unknown> {
  const giveUp = new AbortController()
  const dataDir = join(root, 'data')
  const start = startLocalKafka({
    libs: join(root, 'libs'),
    dataDir,
    port: await freePort(),
    signal: giveUp.signal,
    onLog: (line) => line === 'hangs' && giveUp.abort('given up'),
  })
  return start.then(
    () => 'started',
    (reason) => reason,
  )
}

function expectGone(): void {
  const pid = Number(readFileSync(join(root, 'pid'), 'utf8'))
  expect(() => process.kill(pid, 0)).toThrow('ESRCH')
}

it('gives up a Kafka that is starting, even one that hears no SIGTERM', async () => {
  installJava({ format: 'exit 0', start: HANG })
  expect(await startAndAbort()).toBe('given up')
  expectGone()
  expect(existsSync(join(root, 'data/kafka.pid'))).toBe(false)
})

it('gives up the formatting of a folder, which then is none', async () => {
  installJava({ format: HANG, start: 'exit 1' })
  expect(await startAndAbort()).toBe('given up')
  expectGone()
  expect(existsSync(join(root, 'data'))).toBe(false)
})
