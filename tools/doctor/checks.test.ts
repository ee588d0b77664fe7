import { hash } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type Finding, findProblems } from './checks.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sluice-doctor-'))
  mkdirSync(join(root, 'bin'))
})
afterEach(() => rmSync(root, { recursive: true }))

/** A program on the machine's PATH, which holds nothing else. */
function install(name: string, output: string): void {
  const path = join(root, 'bin', name)
  writeFileSync(path, `#!/bin/sh\necho '${output}'\n`)
  chmodSync(path, 0o755)
}

async function levels(env: NodeJS.ProcessEnv = {}): Promise<Record<string, Finding['level']>> {
  const findings = await findProblems({ root, env: { PATH: join(root, 'bin'), ...env } })
  for (const { level, remedy, name } of findings) if (level === 'fix') expect(remedy, name).toBeTruthy()
  return Object.fromEntries(findings.map(({ name, level }) => [name, level]))
}

it('prevents a start on a machine without any way to a Kafka', async () => {
  expect(await levels()).toMatchObject({ Kafka: 'fix', Java: 'warn', Maven: 'warn', Packages: 'fix' })
})

it('is content with Java and Maven', async () => {
  install('java', 'openjdk version "21.0.2" 2024-01-16')
  install('mvn', 'Apache Maven 3.9.1')
  const found = await levels()
  expect(found).toMatchObject({ Java: 'ok', Maven: 'ok', Docker: 'ok' })
  expect(found).not.toHaveProperty('Kafka')
})

it('is not content with an old Java', async () => {
  install('java', 'java version "1.8.0_402"')
  install('mvn', 'Apache Maven 3.9.1')
  expect(await levels()).toMatchObject({ Kafka: 'fix', Java: 'warn' })
})

it('needs no Maven once Kafka is fetched', async () => {
  install('java', 'openjdk version "17.0.1"')
  mkdirSync(join(root, 'infra/kafka'), { recursive: true })
  writeFileSync(join(root, 'infra/kafka/pom.xml'), '<project/>')
  const libs = join(root, '.sluice/kafka', `libs-${hash('sha256', '<project/>').slice(0, 12)}`)
  mkdirSync(libs, { recursive: true })
  expect(await levels()).toMatchObject({ Kafka: 'fix' })
  writeFileSync(join(libs, '.complete'), '')
  expect(await levels()).toMatchObject({ Maven: 'ok' })
})

it('is content with Docker that has the image', async () => {
  writeFileSync(join(root, 'docker-compose.yml'), 'services:\n  kafka:\n    image: apache/kafka:4\n')
  install('docker', '29.0.0')
  expect(await levels()).toMatchObject({ Docker: 'ok', Java: 'ok' })
})

it('asks a given Kafka instead', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const here = `127.0.0.1:${(server.address() as AddressInfo).port}`
  expect(await levels({ KAFKA_BROKERS: here })).toMatchObject({ KAFKA_BROKERS: 'ok' })
  expect(await levels({ KAFKA_BROKERS: `${here},127.0.0.1:1` })).toMatchObject({ KAFKA_BROKERS: 'warn' })
  expect(await levels({ KAFKA_BROKERS: '127.0.0.1:1' })).toMatchObject({ KAFKA_BROKERS: 'fix' })
  expect(await levels({ KAFKA_BROKERS: 'nonsense' })).toMatchObject({ KAFKA_BROKERS: 'fix' })
  server.close()
})
