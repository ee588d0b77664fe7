import { execFile, execFileSync } from 'node:child_process'
import { appendFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { catalogue, LANES } from '@sluice/events'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { changeTree } from './change-tree.ts'
import { copyRepository } from './copy-repository.ts'
import { RefusedError } from './errors.ts'
import { linkService } from './link-package.ts'
import { type EventWish, listChange, namesOf, type Plan, planEvent, planService } from './plan-event.ts'
import { deriveCheck, formatCheck, runChecks, testCheck, typeCheck } from './run-checks.ts'
import { judgeWebhooks, webhookTable, writeWebhookTypes } from './webhook-samples.ts'

// Whole type checks and test runs, on a machine that is busy with other tests.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 60_000 })

let copy: string
beforeAll(() => {
  copy = copyRepository(join(import.meta.dirname, '../..'))
  git('init', '--quiet')
  git('add', '--all')
  git('-c', 'user.name=a', '-c', 'user.email=a@example.com', 'commit', '--quiet', '--message', 'as it was')
})
afterAll(() => rmSync(copy, { recursive: true, force: true }))

const git = (...args: string[]) => execFileSync('git', args, { cwd: copy, encoding: 'utf8' })
const changed = () => git('status', '--porcelain', '--untracked-files=all').split('\n').filter(Boolean).sort()

/** The command as a user runs it, where there is no Kafka. */
function runNew(...args: string[]): Promise<{ code: number; output: string }> {
  const { KAFKA_BROKERS: _, ...env } = process.env
  return new Promise((resolve) => {
    execFile(process.execPath, ['tools/new.ts', ...args], { cwd: copy, env }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, output: stdout + stderr }),
    )
  })
}

// Whatever a test left behind, also where it failed.
afterEach(() => {
  git('checkout', '--quiet', '--', '.')
  git('clean', '--quiet', '--force', '-d')
})

describe('npm run new, on a copy of the repository', () => {
  it('adds a type whole, and changes nothing but a line and what is derived', async () => {
    const made = await runNew(
      'event',
      'parcel-lost',
      '--fields',
      'parcelId:string,value:money',
      '--produces',
      'stock-reserved,claim-opened',
      '-y',
    )
    expect(made.output).toContain('npx vitest run --project unit services/parcel-lost')
    expect(made.code).toBe(0)
    const derived = execFileSync(process.execPath, ['tools/derive.ts', '--check'], {
      cwd: copy,
      encoding: 'utf8',
    })
    const paths = [...derived.matchAll(/[^\s,]+\.[a-z]+/g)].map(([path]) => ` M ${path}`)
    expect(paths.length).toBeGreaterThan(3)
    expect(changed().filter((line) => !paths.includes(line))).toEqual(
      [
        ' M packages/events/src/catalogue.ts',
        ' M pnpm-lock.yaml',
        '?? packages/events/src/definitions/claim-opened.ts',
        '?? packages/events/src/definitions/parcel-lost.ts',
        '?? services/parcel-lost/handler.test.ts',
        '?? services/parcel-lost/handler.ts',
        '?? services/parcel-lost/main.ts',
        '?? services/parcel-lost/package.json',
      ].sort(),
    )
    const before = git('diff')
    const again = await runNew('event', 'parcel-lost', '--fields', 'a:int', '-y')
    expect(again).toEqual({
      code: 2,
      output: expect.stringMatching(/already(.|\n)*new -- remove parcel-lost/),
    })
    expect(git('diff')).toBe(before)

    expect(await runNew('remove', 'parcel-lost')).toEqual({
      code: 2,
      output: expect.stringContaining('--yes'),
    })
    const removed = await runNew('remove', 'parcel-lost', '-y')
    expect(removed.output).toMatch(
      /event type claim-opened(.|\n)*events\.parcel-lost\.parcel-lost\.dlq(.|\n)*--delete --topic/,
    )
    expect(changed()).toEqual([])
  })

  it('undoes everything when a check fails, and says what failed', async () => {
    const file = 'packages/events/src/lanes.ts'
    appendFileSync(join(copy, file), 'export const broken: string = 1\n')
    const before = git('diff')
    const { code, output } = await runNew('event', 'parcel-lost', '--fields', 'parcelId:string', '--json')
    expect(code).toBe(1)
    expect(JSON.parse(output)).toMatchObject({
      ok: false,
      code: 'check-failed',
      message: expect.stringContaining('not assignable'),
    })
    expect(git('diff')).toBe(before)
    expect(changed()).toEqual([` M ${file}`])
  })

  it('names the flag when nobody can be asked', async () => {
    expect(await runNew('event', 'parcel-lost')).toEqual({
      code: 2,
      output: expect.stringContaining('--fields'),
    })
    expect(await runNew('service', 'parcel-archive')).toEqual({
      code: 2,
      output: expect.stringContaining('--type'),
    })
    expect(await runNew('remove', 'order-placed', '-y')).toEqual({
      code: 2,
      output: expect.stringContaining('used elsewhere'),
    })
    expect(changed()).toEqual([])
  })

  it('makes types of any names and fields that are whole and tested, and types of every real webhook that take all of its samples', async () => {
    const { signal } = new AbortController()
    await fc.assert(
      fc.asyncProperty(fc.array(wish, { minLength: 10, maxLength: 10 }), async (wishes) => {
        const plans = [
          ...wishes.flatMap((one) => tryPlan(() => planEvent(copy, catalogue, one))),
          ...SECOND_SERVICES.flatMap((one) => tryPlan(() => planService(copy, catalogue, one))),
        ]
        expect(plans.length).toBeGreaterThan(SECOND_SERVICES.length + 3)
        changeTree(copy, [listChange(copy)])
        const services = plans.flatMap((plan) => plan.services)
        for (const service of services) linkService(copy, service)
        const folders = services.map((service) => `services/${service}`)
        await runChecks(copy, [formatCheck(copy, ['packages/events', ...folders])], signal)
        // In this order: what is derived has to be there when its completeness is tested.
        await runChecks(copy, [deriveCheck(copy)], signal)
        await runChecks(copy, [testCheck(copy, services, WHOLE)], signal)
      }),
      { numRuns: 1, endOnFailure: true },
    )
    // Beside these, so that the types of everything are checked once.
    const refused = writeWebhookTypes(copy)
    changeTree(copy, [listChange(copy)])
    await runChecks(copy, [formatCheck(copy, ['packages/events'])], signal)
    await runChecks(copy, [typeCheck(copy)], signal)
    const rows = judgeWebhooks(copy, refused)
    expect(rows.length).toBeGreaterThan(60)
    expect(rows.filter(({ samples, accepted, refused }) => samples !== accepted || refused)).toEqual([])
    expect(webhookTable(rows)).toContain(`| ${rows.length} kinds, ${rows.length} whole |`)
  })
})

/** Of types that there are: one that producers post, one that is derived. */
const SECOND_SERVICES = [
  { service: 'order-archive', type: 'order-placed' },
  { service: 'stock-audit', type: 'stock-reserved', produces: 'stock-counted' },
]

/** What says whether the tree is whole. */
const WHOLE = ['tests/architecture.test.ts', 'tools/doctor/completeness.test.ts']

/** Written one after the other, as the command would; a refusal is an answer, too. */
function tryPlan(make: () => Plan): Plan[] {
  try {
    const plan = make()
    changeTree(copy, plan.changes)
    return [plan]
  } catch (error) {
    expect(error).toBeInstanceOf(RefusedError)
    return []
  }
}

let serial = 0
const known = namesOf(catalogue)
const word = fc.stringMatching(/^[a-z][a-z0-9]{0,6}$/)
const typeName = fc
  .tuple(fc.array(word, { minLength: 1, maxLength: 3 }), fc.constantFrom('made', 'class', 'x1'))
  .map(([words, last]) => [...words, last, `n${++serial}`].join('-'))
  .filter((type) => !known.types.includes(type))
const fieldName = fc.oneof(
  fc.constantFrom(
    'id',
    'orderId',
    '+1',
    '$ref',
    'class',
    'full name',
    'grüße',
    'sampleTaken',
    "it's",
    'a"b',
    'a\\b',
    'a/b~c',
    'data',
    'type',
  ),
  fc
    .string({ minLength: 1, maxLength: 6, unit: 'grapheme' })
    .filter((name) => !/[:,]/.test(name) && name.trim() === name),
)
const fieldType = fc.constantFrom(
  'string',
  'int',
  'number',
  'boolean',
  'date',
  'datetime',
  'email',
  'url',
  'uuid',
  'id',
  'money',
  'customer',
  'item',
  'json',
  'late|lost',
  'string|null',
  'string[]',
  'item[]',
  'string?',
  'a|b|null?',
)
const fields = fc
  .uniqueArray(fc.tuple(fieldName, fieldType), { minLength: 1, maxLength: 8, selector: ([name]) => name })
  .map((all) =>
    [['subjectId', 'string'], ...all.filter(([name]) => name !== 'subjectId')]
      .map((pair) => pair.join(':'))
      .join(','),
  )
const samples = fc
  .array(fc.dictionary(fieldName, fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<unknown>, { maxKeys: 5 }), {
    minLength: 1,
    maxLength: 4,
  })
  .map((all) => ({
    from: 'samples',
    data: JSON.parse(JSON.stringify(all.map((one) => ({ ...one, subjectId: 's-1' })))),
  }))
const wish: fc.Arbitrary<EventWish> = fc
  .record({
    type: typeName,
    data: fc.oneof(
      fields.map((text) => ({ fields: text })),
      samples.map((of) => ({ samples: of })),
    ),
    lanes: fc.subarray([...LANES], { minLength: 1 }).map((lanes) => lanes.join()),
    retry: fc.constantFrom(undefined, 'ordered', 'unordered'),
    produces: fc.constantFrom(
      undefined,
      'stock-reserved',
      'notification-requested,fraud-check-requested',
      'new',
      'new-with',
    ),
    second: fc.boolean(),
    retentionDays: fc.constantFrom(undefined, '1', '400'),
    owner: fc.constantFrom(undefined, 'team a', "o'neill"),
  })
  .map(({ data, second, produces, ...rest }) => ({
    ...rest,
    ...data,
    produces:
      produces === 'new'
        ? `made-${rest.type}`
        : produces === 'new-with'
          ? `made-${rest.type}(subjectId:string,note:string)`
          : produces,
    services: second ? [`second-${rest.type}`] : [],
  }))
