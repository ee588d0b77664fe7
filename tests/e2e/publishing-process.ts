import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { createClient, type PendingEvent } from '@sluice/client'
import { orderPlaced } from '@sluice/events'

/** Publishes orders up to a number, and keeps a journal: what was saved and removed, a line each. */
const [url = '', journal = '', total = '0'] = process.argv.slice(2)

type Line = { readonly save?: PendingEvent; readonly remove?: string }

const lines = (await readFile(journal, 'utf8').catch(() => '')).split('\n').flatMap(parse)
const removed = new Set(lines.map(({ remove }) => remove))
const saved = lines.flatMap(({ save }) => save ?? [])
// The last line may have been cut off.
await writeFile(journal, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))

const client = createClient({
  url,
  maxBatchEvents: 20,
  backoffMaxMs: 200,
  persistence: {
    load: async () => saved.filter(({ id }) => !removed.has(id)),
    save: (events) => append(events.map((save) => ({ save }))),
    remove: (ids) => append(ids.map((remove) => ({ remove }))),
  },
  onOutcome({ id, status, code }) {
    if (status !== 'accepted') console.error(`${id}: ${status} ${code}`)
  },
})
for (let number = saved.length; number < Number(total); number++) {
  await client.ready()
  void client.publish(
    orderPlaced,
    { ...orderPlaced.example, customer: { id: `c-${number % 7}`, email: 'ada@example.com' } },
    { id: `kept-${number}` },
  )
  if (number % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 10))
}
await client.close({ timeoutMs: 100_000 })

function append(lines: readonly Line[]): Promise<void> {
  return appendFile(journal, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
}

function parse(text: string): Line[] {
  try {
    return [JSON.parse(text) as Line]
  } catch {
    return []
  }
}
