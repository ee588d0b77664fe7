import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { toKafkaEnvironment } from './kafka-container.ts'
import { KAFKA_IMAGE } from './real-broker.ts'

const [pom, compose, properties] = await Promise.all(
  ['infra/kafka/pom.xml', 'docker-compose.yml', 'infra/kafka/server.properties'].map((path) =>
    readFile(fileURLToPath(new URL(`../../../${path}`, import.meta.url)), 'utf8'),
  ) as [Promise<string>, Promise<string>, Promise<string>],
)

test('the Kafka of the pom, of the tests and of the compose file is the same version', () => {
  const version = /<kafka\.version>(.+)<\/kafka\.version>/.exec(pom)?.[1]
  expect(version).toMatch(/^\d+\.\d+\.\d+$/)
  expect(KAFKA_IMAGE).toBe(`apache/kafka:${version}`)
  const images = [...compose.matchAll(/image: ['"]?(apache\/kafka[^'"\s]*)/g)].map(([, image]) => image)
  expect(new Set(images)).toEqual(new Set([KAFKA_IMAGE]))
})

test('what the compose file says of the broker is what its properties say', () => {
  const common = toKafkaEnvironment(properties)
  const stated = [...compose.matchAll(/^ {6}(KAFKA_\w+): (.*)$/gm)]
    .map(([, name, value]) => [name!, value!.replace(/^(['"])(.*)\1$/, '$2')] as const)
    // Inside compose the containers have a listener of their own.
    .filter(([name]) => name in common && name !== 'KAFKA_INTER_BROKER_LISTENER_NAME')
  expect(stated.length).toBeGreaterThan(5)
  for (const [name, value] of stated) expect(`${name}: ${value}`).toBe(`${name}: ${common[name]}`)
})
