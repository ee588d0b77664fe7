import { spawnSync } from 'node:child_process'
import { hash } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { requirePrerequisites } from './prerequisites.mjs'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sluice-prerequisites-'))
  mkdirSync(join(root, 'bin'))
})
afterEach(() => rmSync(root, { recursive: true }))

/** A program on the machine's PATH, which holds nothing else. */
function install(name: string, output: string): void {
  const path = join(root, 'bin', name)
  writeFileSync(path, `#!/bin/sh\necho '${output}'\n`)
  chmodSync(path, 0o755)
}

const require = (env: NodeJS.ProcessEnv = {}) =>
  requirePrerequisites({ root, env: { PATH: join(root, 'bin'), ...env } })

it('names everything that is missing at once, and what to do', async () => {
  const problem = await require().catch((error: Error) => error.message)
  for (const part of ['Java:', 'Install a JDK', 'Maven:', 'Install Maven', 'Docker:', 'KAFKA_BROKERS']) {
    expect(problem).toContain(part)
  }
})

it('names only what is missing', async () => {
  install('java', 'openjdk version "21.0.2"')
  const problem = await require().catch((error: Error) => error.message)
  expect(problem).toContain('Maven:')
  expect(problem).not.toContain('Java:')
})

it('is content with any way to a Kafka', async () => {
  install('java', 'openjdk version "21.0.2"')
  install('mvn', 'Apache Maven 3.9.1')
  await require()
  rmSync(join(root, 'bin/java'))
  await expect(require()).rejects.toThrow('Java:')
  install('docker', '29.0.0')
  writeFileSync(join(root, 'docker-compose.yml'), 'services:\n  kafka:\n    image: apache/kafka:4\n')
  await require()
})

it('wants Maven again when another Kafka is to be fetched', async () => {
  install('java', 'openjdk version "21.0.2"')
  mkdirSync(join(root, 'infra/kafka'), { recursive: true })
  const libs = join(root, '.sluice/kafka', `libs-${hash('sha256', '4.0').slice(0, 12)}`)
  mkdirSync(libs, { recursive: true })
  writeFileSync(join(libs, '.complete'), '')
  writeFileSync(join(root, 'infra/kafka/pom.xml'), '4.0')
  await require()
  writeFileSync(join(root, 'infra/kafka/pom.xml'), '4.1')
  await expect(require()).rejects.toThrow('Maven:')
})

it('names the given Kafka that does not answer', async () => {
  install('java', 'openjdk version "21.0.2"')
  install('mvn', 'Apache Maven 3.9.1')
  await expect(require({ KAFKA_BROKERS: '127.0.0.1:1' })).rejects.toThrow('nothing answers at 127.0.0.1:1')
})

it.each(['localhost', 'a:9092,', ' ', 'a:0', 'a:99999', '::1:9092', 'http://a:9092'])(
  'does not take "%s" for the address of a Kafka',
  async (brokers) => {
    await expect(require({ KAFKA_BROKERS: brokers })).rejects.toThrow(
      /" is not host:port.*\n.*127\.0\.0\.1:9092/,
    )
  },
)

it('leaves the image to tests that find a Docker engine', async () => {
  const dockerSocket = join(root, 'docker.sock')
  const requireForTests = (env: NodeJS.ProcessEnv = {}) =>
    requirePrerequisites({ root, env: { PATH: join(root, 'bin'), ...env } }, { forTests: true, dockerSocket })
  await expect(requireForTests()).rejects.toThrow('npm run test:unit')
  await requireForTests({ DOCKER_HOST: 'tcp://127.0.0.1:1' })
  writeFileSync(dockerSocket, '')
  await requireForTests()
  rmSync(dockerSocket)
  install('docker', '29.0.0')
  await requireForTests()
  await expect(require()).rejects.toThrow('without the image')
})

it('ends a start before anything is brought or installed', () => {
  const run = fileURLToPath(new URL('../run.mjs', import.meta.url))
  const env = { PATH: join(root, 'bin'), JAVA_HOME: root }
  const { status, stderr, stdout } = spawnSync(process.execPath, [run, 'start'], { env, encoding: 'utf8' })
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
  expect(stderr).toMatch(/^Sluice needs a Kafka/)
  expect(stderr).not.toContain('    at ')
})
