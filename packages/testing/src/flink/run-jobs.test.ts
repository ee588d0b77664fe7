import { execFile } from 'node:child_process'
import { access, chmod, mkdir, mkdtemp, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { waitFor } from '../wait-for.ts'
import { fillIn, parseSettings, splitStatements } from './job-script.ts'

// The script that keeps jobs running on a cluster, with a Flink that lists jobs and takes scripts, and does nothing.

const FOLDER = join(import.meta.dirname, '../../../../streams/flink')

let world: string

beforeEach(async () => {
  world = await mkdtemp(join(tmpdir(), 'sluice-run-jobs-'))
  await mkdir(join(world, 'bin'))
  await write('wget', `cat ${world}/overview.json`)
  await write(
    'sql-client.sh',
    `cp "$2" ${world}/submitted.sql.part && mv ${world}/submitted.sql.part ${world}/submitted.sql`,
  )
})
afterEach(() => rm(world, { recursive: true, force: true }))

async function write(name: string, line: string): Promise<void> {
  await writeFile(join(world, 'bin', name), `#!/bin/sh\n${line}\n`)
  await chmod(join(world, 'bin', name), 0o755)
}

/** Runs the script until `until` resolves; what it resolved to. */
async function running<T>(jobs: object[], env: Record<string, string>, until: () => Promise<T>): Promise<T> {
  await writeFile(join(world, 'overview.json'), JSON.stringify({ jobs }))
  const script = execFile(join(FOLDER, 'run-jobs.sh'), {
    env: {
      PATH: `${join(world, 'bin')}:${process.env['PATH']}`,
      ...{
        FLINK_HOME: world,
        FLINK_REST: 'flink:8081',
        KAFKA_BROKERS: 'kafka:9092',
        CHECKPOINTS: join(world, 'checkpoints'),
        TMPDIR: world,
      },
      ...env,
    },
  })
  try {
    return await until()
  } finally {
    script.kill()
  }
}

/** What the script submits first. */
function submitted(jobs: object[], env: Record<string, string>): Promise<string> {
  return running(jobs, env, () => waitFor(() => readFile(join(world, 'submitted.sql'), 'utf8')))
}

it.runIf(process.platform === 'linux')(
  'submits what does not run, as the local Flink is told it',
  async () => {
    const jobs = [
      { jid: '1', name: 'delay-storm', state: 'RUNNING', tasks: { total: 1 } },
      { jid: '2', name: 'payment-trouble', state: 'FAILED', tasks: { total: 1 } },
    ]
    const sql = await submitted(jobs, {
      JOBS: 'delay-storm payment-trouble',
      PAYMENT_TROUBLE_WITHIN: '00:09',
    })
    const statements = splitStatements(sql)
    const [, ms = ''] = /'scan.startup.timestamp-millis' = '(\d+)'/.exec(sql)!
    expect(Math.abs(Date.now() - 15 * 60_000 - Number(ms))).toBeLessThan(60_000)
    const values = {
      ...parseSettings(await readFile(join(FOLDER, 'settings.env'), 'utf8')),
      ...{
        JOB: 'payment-trouble',
        KAFKA_BROKERS: 'kafka:9092',
        PAYMENT_TROUBLE_WITHIN: '00:09',
        START_MS: ms,
      },
    }
    const files = ['connect.sql', 'tables.sql', 'jobs/payment-trouble.sql'].map((file) =>
      readFile(join(FOLDER, file), 'utf8'),
    )
    const own = splitStatements(fillIn((await Promise.all(files)).join('\n'), values))
    expect(statements.slice(-own.length)).toEqual(own)
    expect(statements).toContain("SET 'rest.address' = 'flink'")
    expect(sql).not.toMatch(/^SET 'execution.state-recovery/m)
  },
)

it.runIf(process.platform === 'linux')('puts a password in as it is', async () => {
  const security = `'properties.sasl.jaas.config' = 'PlainLoginModule password="a&b|c\\d/e$f";',`
  const sql = await submitted([], { JOBS: 'payment-trouble', KAFKA_SECURITY: security })
  expect(sql).toContain(security)
})

it.runIf(process.platform === 'linux')('goes on from the newest checkpoint that is complete', async () => {
  const folder = join(world, 'checkpoints', 'payment-trouble')
  for (const checkpoint of ['a/chk-7', 'b/chk-2', 'b/chk-3'])
    await mkdir(join(folder, checkpoint), { recursive: true })
  await writeFile(join(folder, 'a/chk-7/_metadata'), '')
  await utimes(join(folder, 'a/chk-7/_metadata'), 1, 1)
  await writeFile(join(folder, 'b/chk-2/_metadata'), '')
  const sql = await submitted([], { JOBS: 'payment-trouble' })
  expect(sql).toContain(`SET 'execution.state-recovery.path' = 'file://${folder}/b/chk-2';`)
})

it.runIf(process.platform === 'linux')(
  'submits all by one client, each in a database of its own',
  async () => {
    const sql = await submitted([], { JOBS: 'payment-trouble duplicates' })
    const databases = splitStatements(sql).filter((statement) => statement.startsWith('USE '))
    expect(databases).toEqual(['USE `payment-trouble`', 'USE `duplicates`'])
    await expect(access(join(world, 'jobs-run'))).rejects.toThrow('ENOENT')
  },
)

it.runIf(process.platform === 'linux')('says by a file that all jobs run', async () => {
  const jobs = [{ jid: '1', name: 'duplicates', state: 'RUNNING', tasks: { total: 1 } }]
  await running(jobs, { JOBS: 'duplicates' }, () => waitFor(() => stat(join(world, 'jobs-run'))))
})

it.runIf(process.platform === 'linux')('lets a job that fails hold up no other for good', async () => {
  // A client that ends at the bad job, and a cluster that runs what came before it.
  await write('sleep', 'exec /bin/sleep 0.01')
  await write(
    'sql-client.sh',
    `jobs=$(sed -n "/^USE .duplicates/,$ d; s/^USE .\\([a-z-]*\\).;/\\1/p" "$2")
for job in $jobs; do echo '{"name":"'$job'","state":"RUNNING"}' >> ${world}/overview.json; done
exit 1`,
  )
  await running([], { JOBS: 'duplicates payment-trouble delay-storm' }, () =>
    waitFor(async () => {
      const overview = await readFile(join(world, 'overview.json'), 'utf8')
      return overview.includes('payment-trouble') && overview.includes('delay-storm')
    }),
  )
})
