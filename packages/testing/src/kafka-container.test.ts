import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { expect, onTestFinished, test, vi } from 'vitest'
import { dockerAnswers, requireLine, startScript, toKafkaEnvironment } from './kafka-container.ts'

test('settings reach the image as environment variables', () => {
  const properties = '# A comment with a.b=c\n\nnum.partitions=3\nlistener.name.x=a=b\n'
  expect(toKafkaEnvironment(properties)).toEqual({ KAFKA_NUM_PARTITIONS: '3', KAFKA_LISTENER_NAME_X: 'a=b' })
})

test('the start script advertises the address that clients reach', () => {
  const script = startScript('localhost:32768', 'num.partitions=3\n')
  expect(script).toContain("export KAFKA_ADVERTISED_LISTENERS='PLAINTEXT://localhost:32768'\n")
  expect(script).toContain("export KAFKA_NUM_PARTITIONS='3'\n")
  expect(script).toMatch(/\nexec \/etc\/kafka\/docker\/run\n$/)
})

test('waiting for a line ends with the line, and lets the log go', async () => {
  const log = new PassThrough()
  log.write('first\nKafka Server started\n')
  await requireLine(log, 'Kafka Server started')
  expect(log.destroyed).toBe(true)
})

test('waiting for a line ends with an error when the log ends before', async () => {
  const log = Readable.from(['first\n', 'OutOfMemoryError\n'])
  const outcome = requireLine(log, 'Kafka Server started')
  await expect(outcome).rejects.toThrow('Kafka did not start in its container:\nfirst\nOutOfMemoryError')
  await expect(outcome).rejects.toMatchObject({ code: 'kafka-start' })
})

test('waiting for a line ends with an error when the log stays silent', async () => {
  const log = new PassThrough()
  log.write('first\n')
  await expect(requireLine(log, 'Kafka Server started', 20)).rejects.toThrow('first')
  expect(log.destroyed).toBe(true)
})

test.skipIf(process.platform === 'win32')('an engine that never answers counts as none', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-engine-'))
  const socket = join(folder, 'docker.sock')
  const connections = new Set<Socket>()
  const engine = createServer((connection) => connections.add(connection))
  await new Promise<void>((resolve) => engine.listen(socket, resolve))
  vi.stubEnv('DOCKER_HOST', `unix://${socket}`)
  onTestFinished(async () => {
    vi.unstubAllEnvs()
    for (const connection of connections) connection.destroy()
    engine.close()
    await rm(folder, { recursive: true, force: true })
  })

  await expect(dockerAnswers(200)).resolves.toBe(false)
  expect(connections.size).toBeGreaterThan(0)
})
