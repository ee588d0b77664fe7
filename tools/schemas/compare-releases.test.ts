import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { catalogue, defineEvent, type EventDefinition, type EventSpec } from '@sluice/events'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { compareReleases, releasePath } from './compare-releases.ts'
import { layoutFindings } from './layout-findings.ts'
import { releaseOf } from './release.ts'
import { readReleases } from './released-files.ts'

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const text = z.string().max(9)

const fields = { id: text, kind: z.enum(['a', 'b']), note: text.optional() }
const example = { id: 'one', kind: 'a' }
const define = (changes: Partial<EventSpec<z.ZodType>> = {}): EventDefinition =>
  defineEvent<z.ZodType>({
    type: 'thing-made',
    version: 1,
    origin: 'producer',
    owner: 'tests',
    data: z.strictObject(fields),
    key: (data) => (data as { id: string }).id,
    lanes: ['high', 'normal'],
    defaultPriority: 'normal',
    example,
    ...changes,
  })
const released = releaseOf(define())
const findings = (...now: EventDefinition[]) => compareReleases([released], now)
const version2 = (data: z.ZodRawShape, changes: Partial<EventSpec<z.ZodType>> = {}) =>
  findings(define({ version: 2, data: z.strictObject(data), ...changes }))

describe('the definitions of this tree', () => {
  it('break nobody who relies on what was released', () => {
    const releases = readReleases(ROOT)
    const found = compareReleases(
      releases,
      catalogue.map(({ definition }) => definition),
    )
    const breaking = found.filter(({ severity }) => severity === 'breaking')
    expect(breaking, layoutFindings(breaking, releases.length)).toEqual([])
  })

  it('have releases to be compared with', () => {
    expect(readReleases(ROOT).length).toBeGreaterThan(5)
  })
})

describe('a change breaks', () => {
  it.each<[string, z.ZodRawShape, { pointer: string; breaks: string[]; change: RegExp }]>([
    [
      'producers, who still send a field that is gone',
      { id: text, kind: fields.kind },
      { pointer: '/note', breaks: ['producers'], change: /gone/ },
    ],
    [
      'consumers, too, when they rely on the field that is gone',
      { id: text, note: fields.note },
      { pointer: '/kind', breaks: ['producers', 'consumers'], change: /gone/ },
    ],
    [
      'everybody, when a field is required anew',
      { ...fields, note: text },
      { pointer: '/note', breaks: ['producers', 'consumers'], change: /required now/ },
    ],
    [
      'everybody, when a string gets shorter',
      { ...fields, id: z.string().max(8) },
      { pointer: '/id', breaks: ['producers', 'consumers'], change: /at most 9 long, and is at most 8 long/ },
    ],
    [
      'everybody, when a value is gone',
      { ...fields, kind: z.enum(['a']) },
      { pointer: '/kind', breaks: ['producers', 'consumers'], change: /was "b"; what is taken now is "a"/ },
    ],
    [
      'everybody, when a type is another one',
      { ...fields, note: z.int().optional() },
      { pointer: '/note', breaks: ['producers', 'consumers'], change: /was string, and is integer/ },
    ],
  ])('%s', (_what, data, expected) => {
    const examples = [example, { ...example, note: 'x' }, { id: 'one' }]
    const fitting = examples.find((one) => z.strictObject(data).safeParse(one).success)
    const found = version2(data, { example: fitting })
    expect(found).toContainEqual(
      expect.objectContaining({
        type: 'thing-made',
        severity: 'breaking',
        pointer: expected.pointer,
        breaks: expected.breaks,
        change: expect.stringMatching(expected.change),
        todo: expect.stringMatching(/./),
      }),
    )
  })

  it('everybody, when the type is gone; a renamed one is recognised', () => {
    expect(findings()).toMatchObject([
      { severity: 'breaking', breaks: ['producers', 'consumers'], change: 'The type is gone.' },
    ])
    expect(findings()[0]!.todo).toContain(releasePath('thing-made'))
    expect(findings(define({ type: 'thing-created' }))[0]!.change).toContain('renamed to thing-created')
  })

  it('when anybody or nobody may post it', () => {
    expect(findings(define({ version: 2, origin: 'derived' }))).toMatchObject([{ breaks: ['producers'] }])
    const before = releaseOf(define({ origin: 'derived' }))
    expect(compareReleases([before], [define({ version: 2 })])).toMatchObject([{ breaks: ['consumers'] }])
  })

  it('consumers, when a lane is gone, or one lane becomes two', () => {
    expect(findings(define({ version: 2, lanes: ['normal'] }))).toMatchObject([
      { breaks: ['consumers'], change: expect.stringContaining('The lane high is gone') },
    ])
    const before = releaseOf(define({ lanes: ['normal'] }))
    expect(compareReleases([before], [define({ version: 2 })])).toMatchObject([
      { breaks: ['consumers'], change: expect.stringContaining('keep their order') },
    ])
  })

  it('consumers, when the key is another one, also where the example cannot tell by its value', () => {
    const data = z.strictObject({ a: text, b: text })
    const twins = { data, example: { a: 'same', b: 'same' } }
    const before = releaseOf(define({ ...twins, key: (one) => (one as { a: string }).a }))
    const after = define({ ...twins, version: 2, key: (one) => (one as { b: string }).b })
    expect(compareReleases([before], [after])).toMatchObject([
      {
        severity: 'breaking',
        pointer: '/b',
        breaks: ['consumers'],
        change: expect.stringContaining('from /a'),
      },
    ])
    expect(compareReleases([releaseOf(after)], [after])).toEqual([])
  })

  it('when the version stays or goes back', () => {
    const wider = { data: z.strictObject({ ...fields, more: text.optional() }) }
    expect(findings(define(wider))).toMatchObject([
      { change: expect.stringContaining('still version 1'), todo: expect.stringContaining('version: 2') },
    ])
    const second = releaseOf(define({ version: 2 }))
    expect(compareReleases([second], [define()])).toMatchObject([
      { change: expect.stringContaining('went back') },
    ])
  })
})

describe('nothing breaks', () => {
  it('where nothing changed, or only what nobody relies on', () => {
    expect(findings(define())).toEqual([])
    expect(
      findings(define({ owner: 'others', retentionDays: 30, example: { id: 'two', kind: 'b' } })),
    ).toEqual([])
  })

  it('where a type is new', () => {
    expect(findings(define(), define({ type: 'other-made' }))).toEqual([])
  })

  it('where an optional field is added and the version raised', () => {
    expect(version2({ ...fields, more: text.optional() })).toEqual([])
  })

  it('where more is taken: a notice says in which order to deploy', () => {
    const found = version2({ id: z.string().max(10), kind: z.enum(['a', 'b', 'c']), note: fields.note })
    expect(found.map(({ severity, pointer, breaks }) => `${severity} ${pointer} ${breaks}`)).toEqual([
      'notice /id consumers',
      'notice /kind consumers',
    ])
    expect(found[0]!.todo).toContain('before the gateway')
    expect(layoutFindings(found, 1)).toContain('nothing breaks')
  })
})
