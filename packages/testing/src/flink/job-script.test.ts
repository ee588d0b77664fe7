import { describe, expect, it } from 'vitest'
import {
  fillIn,
  listJobs,
  parseSettings,
  readJobScript,
  splitStatements,
  streamSettings,
} from './job-script.ts'

const jobs = await listJobs()

describe('splitStatements', () => {
  it('ends a statement at a semicolon, but in no text, name or comment', () => {
    const sql = "SELECT 'a;b''; -- c' AS `d;e`; -- f; g\nSELECT 1 - 1;"
    expect(splitStatements(sql)).toEqual(["SELECT 'a;b''; -- c' AS `d;e`", 'SELECT 1 - 1'])
  })

  it('keeps a statement set together', () => {
    const set = 'EXECUTE STATEMENT SET BEGIN\nINSERT INTO a SELECT 1;\nINSERT INTO b SELECT 2;\nEND'
    expect(splitStatements(`SET 'a' = 'b';\n${set};\nSELECT 1;`)).toEqual([`SET 'a' = 'b'`, set, 'SELECT 1'])
  })

  it('takes no statement that does not end', () => {
    expect(() => splitStatements('SELECT 1; SELECT 2')).toThrow('SELECT 2')
  })
})

it('settings are names and values, with comments between', () => {
  expect(parseSettings('# a=b\nA_B=05:00\n\nC=x=y\n')).toEqual({ A_B: '05:00', C: 'x=y' })
})

it('a name that nothing stands for is an error, not a part of the SQL', () => {
  const placeFor = (name: string) => `$\{${name}}`
  expect(fillIn(`'${placeFor('A')}' ${placeFor('B_C')}`, { A: '1', B_C: '2' })).toBe("'1' 2")
  expect(() => fillIn(placeFor('D'), {})).toThrow('There is no setting D')
})

describe('the jobs', () => {
  it.each(jobs)(
    '%s is filled in, and starts one Flink job, which says what it could not read',
    async (job) => {
      const script = await readJobScript(job, { brokers: 'kafka:9092', now: 1_000_000_000 })
      expect(script.join('\n')).not.toContain('${')
      expect(script.join('\n')).toContain("'scan.startup.timestamp-millis' = '999100000'")
      const sets = script.filter((statement) => statement.startsWith('EXECUTE'))
      expect(sets).toEqual([script.at(-1)])
      expect(sets[0]).toContain('INSERT INTO unreadable')
    },
  )

  it('are told only of the tables that they name', async () => {
    const script = await readJobScript('payment-trouble', { brokers: 'kafka:9092', now: 0 })
    const names = script.flatMap(
      (statement) => /^CREATE TEMPORARY (?:TABLE|VIEW) (\w+)/.exec(statement)?.[1] ?? [],
    )
    expect(names).toEqual([
      ...['event_topic', 'decisions', 'derived_events', 'unreadable', 'late'],
      ...['payment_failed_records', 'payment_failed_plain', 'payment_failed_both'],
      ...['payment_failed', 'payment_failed_unreadable'],
      ...['failures', 'trouble'],
    ])
  })

  it('take from the environment what is a setting, and nothing else', async () => {
    expect(await streamSettings({ IDLE_SECONDS: '9', HOME: '/root', JOB: 'x' })).toEqual({
      IDLE_SECONDS: '9',
    })
  })

  it('reads framed events where the environment names a schema registry', async () => {
    const env = { SCHEMA_REGISTRY_URL: 'http://registry' }
    expect(await streamSettings(env)).toEqual({ EVENT_FORMS: 'both' })
    expect(await streamSettings({ ...env, EVENT_FORMS: 'plain' })).toEqual({ EVENT_FORMS: 'plain' })
  })

  it('take other settings', async () => {
    const settings = { PAYMENT_TROUBLE_WITHIN: '00:07' }
    const script = await readJobScript('payment-trouble', { brokers: 'kafka:9092', now: 0, settings })
    expect(script.join('\n')).toContain("INTERVAL '00:07' MINUTE TO SECOND")
  })
})
