import { expect, test } from 'vitest'
import { withPatience } from './kafkajs-admin.ts'

/** As kafkajs throws them. */
const fault = (name: string, more: object) => Object.assign(new Error(name), { name, ...more })
const noCoordinator = fault('KafkaJSGroupCoordinatorNotFound', { retriable: false })
const noLeader = fault('KafkaJSProtocolError', { type: 'LEADER_NOT_AVAILABLE', retriable: true })

test.each([
  ['no broker knows the coordinator of a group', noCoordinator],
  ['a partition has no leader', noLeader],
  ['it is wrapped', fault('KafkaJSNonRetriableError', { cause: noCoordinator })],
])('is waited for: %s', async (_what, error) => {
  let calls = 0
  const call = async () => {
    if (++calls < 3) throw error
    return 'answered'
  }
  expect(await withPatience(call)).toBe('answered')
})

test.each([
  [
    'a right is missing',
    fault('KafkaJSProtocolError', { type: 'GROUP_AUTHORIZATION_FAILED', retriable: false }),
  ],
  ['no broker answers', fault('KafkaJSConnectionError', { retriable: true })],
])('is told at once: %s', async (_what, error) => {
  let calls = 0
  const call = async () => {
    calls++
    throw error
  }
  await expect(withPatience(call)).rejects.toBe(error)
  expect(calls).toBe(1)
})
