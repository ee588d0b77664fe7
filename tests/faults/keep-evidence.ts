import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { identityOf } from './books/accounts.ts'
import type { StoredRecord } from './books/history.ts'
import type { Run } from './run-scenario.ts'

const FOLDER = fileURLToPath(new URL('../../.sluice/faults', import.meta.url))

/**
 * Keeps what a failed run left: the logs of its processes, and of its history the whole ledger, all records, and in
 * a file of their own the records of the events that a violation names. Returns where.
 */
export async function keepEvidence(name: string, run: Run | undefined, logs?: string): Promise<string> {
  const folder = join(FOLDER, name)
  await mkdir(folder, { recursive: true })
  if (logs !== undefined) await cp(logs, join(folder, 'logs'), { recursive: true })
  if (!run) return folder
  const { verdict, history, notes } = run
  const { records, ...ledger } = history
  const write = (file: string, content: unknown) =>
    writeFile(join(folder, file), `${JSON.stringify(content, null, 1)}\n`)
  await write('verdict.json', { ...verdict, notes })
  await write('ledger.json', ledger)
  await write('records.json', records)
  await write('offending.json', offending(run, records))
  return folder
}

function offending({ verdict, history }: Run, records: readonly StoredRecord[]): unknown {
  const named = verdict.violations.flatMap(({ ids }) => ids).join('\n')
  const events = history.sent.filter(({ source, id }) => named.includes(`${source} ${id}`))
  const identities = new Set(events.map(identityOf))
  const ids = new Set(events.map(({ id }) => id))
  return {
    events: events.map((event) => ({
      event,
      answers: history.answers.filter((answer) => history.sent[answer.event] === event),
    })),
    records: records.filter(
      ({ event }) =>
        event && (identities.has(identityOf(event)) || (event.causationid && ids.has(event.causationid))),
    ),
  }
}
