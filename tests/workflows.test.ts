import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'

const FOLDER = join(import.meta.dirname, '..', '.github', 'workflows')
const files = readdirSync(FOLDER)
const read = (file: string) => readFileSync(join(FOLDER, file), 'utf8')

type Workflow = {
  readonly permissions: object
  readonly jobs: Readonly<
    Record<
      string,
      {
        readonly permissions?: Readonly<Record<string, string>>
        readonly 'timeout-minutes'?: number
        readonly steps?: readonly { readonly uses?: string; readonly run?: string; readonly with?: object }[]
      }
    >
  >
}

describe.each(files)('the workflow %s', (file) => {
  const workflow = parse(read(file)) as Workflow
  const jobs = Object.entries(workflow.jobs)
  const steps = jobs.flatMap(([, { steps = [] }]) => steps)

  it('pins each action by its commit, and names the version', () => {
    const uses = read(file)
      .split('\n')
      .filter((line) => /\buses: /.test(line) && !/uses: \.\//.test(line))
    expect(uses.length + jobs.length).toBeGreaterThan(1)
    for (const line of uses) expect(line).toMatch(/uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/)
  })

  it('gives its token nothing that a job does not ask for', () => {
    expect(workflow.permissions).toEqual({})
    for (const [name, { permissions }] of jobs) expect(permissions, name).toBeDefined()
    const writes = jobs.flatMap(([name, { permissions = {} }]) =>
      Object.entries(permissions).flatMap(([what, may]) => (may === 'write' ? [`${name} ${what}`] : [])),
    )
    expect(writes).toEqual(MAY_WRITE[file] ?? [])
  })

  it('leaves no token in the checkout, and puts nothing that others write into a script', () => {
    for (const { uses, with: options, run } of steps) {
      if (uses?.startsWith('actions/checkout@'))
        expect(options).toMatchObject({ 'persist-credentials': false })
      expect(run ?? '').not.toContain('${{')
    }
  })

  it('ends each job that hangs', () => {
    for (const [name, { steps, 'timeout-minutes': minutes }] of jobs)
      if (steps) expect(minutes, name).toBeGreaterThan(0)
  })
})

const MAY_WRITE: Readonly<Record<string, readonly string[]>> = {
  'codeql.yml': ['analyse security-events'],
  'release.yml': ['images packages', 'images id-token', 'images attestations', 'release contents'],
}

it('the check of a change is the one script', () => {
  const { jobs } = parse(read('ci.yml')) as Workflow
  expect(jobs['check']!.steps!.at(-1)).toEqual({ run: '.ci/run' })
})
