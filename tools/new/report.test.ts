import { expect, it } from 'vitest'
import type { Plan } from './plan-event.ts'
import { createdText, describeChanges, removedText } from './report.ts'
import type { TrialResult } from './round-trip.ts'

const plan: Plan = {
  type: 'parcel-lost',
  services: ['parcel-lost'],
  created: ['parcel-lost'],
  outputs: [],
  example: { note: "it's lost" },
  changes: [
    { path: 'services/parcel-lost/handler.ts', text: 'x' },
    { path: 'packages/events/src/catalogue.ts', text: 'y' },
  ],
  remarks: ['Read this.'],
}
const running: TrialResult = {
  where: 'running',
  joined: [{ name: 'parcel-lost', pid: 7, admin: 'http://127.0.0.1:9086' }],
  ingest: 'http://127.0.0.1:8080',
  topics: [],
  handled: true,
}
const lastCommand = (text: string) => text.split('\n').at(-3)!.trim()

it('says what became of each file', () => {
  expect(
    describeChanges([...plan.changes, { path: 'gone.ts', text: undefined }]).map(({ what }) => what),
  ).toEqual(['new', 'changed', 'removed'])
})

it('ends with three commands and the time; the last one posts an event that a shell takes as it is', () => {
  const text = createdText(plan, running, 9.1)
  expect(text).toContain('Read this.')
  expect(
    text
      .split('Next\n')[1]!
      .split('\n')
      .filter((line) => line.startsWith('  ')),
  ).toHaveLength(3)
  expect(lastCommand(text)).toBe(
    `curl http://127.0.0.1:8080/v1/events -H 'content-type: application/json' -d '{"type":"parcel-lost","data":{"note":"it'\\''s lost"}}'`,
  )
  expect(text.endsWith('\n9.1 s')).toBe(true)
})

it('does not print an example that fills the screen, and posts none where nothing runs', () => {
  expect(lastCommand(createdText({ ...plan, example: 'x'.repeat(1000) }, running, 1))).toBe(
    'curl http://127.0.0.1:8080/v1/types/parcel-lost',
  )
  expect(lastCommand(createdText(plan, undefined, 1))).toBe('npm start')
  expect(lastCommand(createdText({ ...plan, created: [] }, running, 1))).toBe(
    'curl http://127.0.0.1:9086/metrics',
  )
})

it('says which topics stay, if any', () => {
  const removed = {
    types: ['parcel-lost'],
    services: ['parcel-lost'],
    changes: [],
    topics: ['events.parcel-lost.high'],
  }
  expect(removedText(removed, true)).toMatch(
    /^Removed: event type parcel-lost, service parcel-lost\. .*let it go\.\n\nThese topics stay(.|\n)* {2}events\.parcel-lost\.high\n/,
  )
  expect(removedText({ ...removed, topics: [] }, false)).toBe(
    'Removed: event type parcel-lost, service parcel-lost.',
  )
})
