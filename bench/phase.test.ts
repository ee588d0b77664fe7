import { expect, test } from 'vitest'
import type { PhaseReport } from './load/generator.ts'
import { runPhase, type Setup } from './phase.ts'
import { scenarios } from './scenarios.ts'

/** A system that accepts `accepted` events, and has handled so many more each time that somebody looks. */
function plantSetup(accepted: number, handledPerLook: number) {
  const posting = Promise.withResolvers<PhaseReport>()
  const asked: string[] = []
  let complete = 0
  const answers: Record<string, () => unknown> = {
    runPhase: () => posting.promise,
    acceptedSoFar: () => accepted,
    endPosting: () => end(),
    beginPhase: () => undefined,
    state: () => {
      complete = Math.min(accepted, complete + handledPerLook)
      return { complete, lastSeenMicros: undefined }
    },
    balance: () => ({ lost: accepted - complete }),
    findings: () => ({}),
  }
  const ask = async (name: string) => {
    asked.push(name)
    return answers[name]!()
  }
  const end = () => posting.resolve({ accepted, outcomes: new Uint8Array() } as unknown as PhaseReport)
  const setup = {
    scenario: scenarios.A,
    target: { outputs: [{ lane: 'high', topics: ['x'] }], ports: [1], path: '/' },
    generate: ask,
    observe: ask,
    onStep: () => {},
    signal: new AbortController().signal,
  } as unknown as Setup
  return { setup, asked, end }
}

const order = { name: 'measuring', seconds: 60, backlogLimit: 1000, backlogSeconds: 0 }

test('too much that waits ends the posting, and all of it is waited for', async () => {
  const { setup, asked } = plantSetup(1200, 200)
  const phase = await runPhase(setup, order)
  expect(phase).toMatchObject({ endedEarly: true, drain: 'whole' })
  expect(asked.filter((name) => name === 'endPosting')).toHaveLength(1)
})

test('a system that keeps up is posted to until the end', async () => {
  const { setup, asked, end } = plantSetup(999, 500)
  setTimeout(end, 300)
  expect(await runPhase(setup, order)).toMatchObject({ endedEarly: false, drain: 'whole' })
  expect(asked).not.toContain('endPosting')
})

test('a large backlog ends nothing where it is handled soon', async () => {
  const { setup, asked, end } = plantSetup(1200, 100)
  setTimeout(end, 300)
  expect(await runPhase(setup, { ...order, backlogSeconds: 60 })).toMatchObject({ endedEarly: false })
  expect(asked).not.toContain('endPosting')
})

test('whoever stops the bench need not wait for an answer', async () => {
  const { setup } = plantSetup(1, 1)
  const stopping = new AbortController()
  setTimeout(() => stopping.abort(new Error('Stopped.')), 20)
  await expect(runPhase({ ...setup, signal: stopping.signal }, order)).rejects.toThrow()
})
