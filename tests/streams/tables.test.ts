import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { catalogue } from '@sluice/events'
import { afterEach, expect, inject, test } from 'vitest'
import { type FlinkFixture, startFlink } from './flink-fixture.ts'

const TABLES = new URL('../../streams/flink/tables.sql', import.meta.url)

let flink: FlinkFixture | undefined
afterEach(() => flink?.stop())

// Flink looks at a view when it is made, and in Docker and on Kubernetes all are made.
test.each(['plain', 'both'])(
  'Flink takes the tables of all types, and reads all of them, where events are %s',
  async (forms) => {
    const views = [...(await readFile(TABLES, 'utf8')).matchAll(/VIEW (\w+)_unreadable/g)].map(
      ([, name]) => name,
    )
    expect(views).toHaveLength(catalogue.length + 1)
    const jobsDir = await mkdtemp(join(tmpdir(), 'sluice-tables-'))
    const counted = views.map((view) => `SELECT topic, \`partition\`, \`offset\` FROM ${view} WHERE id = ''`)
    const unreadable = views.map((view) => `SELECT * FROM ${view}_unreadable`)
    await writeFile(
      join(jobsDir, 'everything.sql'),
      `INSERT INTO unreadable ${[...counted, ...unreadable].join(' UNION ALL ')};\n`,
    )
    flink = await startFlink(inject('brokers'), {
      jobs: ['everything'],
      jobsDir,
      settings: { EVENT_FORMS: forms },
    })
    await rm(jobsDir, { recursive: true })
    expect(await flink.flink.jobs[0]!.monitor.state()).toBe('RUNNING')
  },
  400_000,
)
