import { setTimeout as delay } from 'node:timers/promises'
import type { Answer } from '../books/history.ts'
import type { LoadEvent } from './make-events.ts'

export type ProducerOptions = {
  /** The gateway. */
  readonly url: string
  readonly makeEvent: () => LoadEvent
  readonly eventsPerSecond: number
  /** How many requests may be open; each has keys of its own. */
  readonly connections: number
  readonly answerTimeoutMs: number
}

/** What the producer knows. Only ever appended to. */
export type ClientLedger = {
  readonly sent: LoadEvent[]
  readonly answers: Answer[]
  /** How many requests had which HTTP status; those without an answer have none. */
  readonly statuses: Map<number, number>
}

/** A good producer: it never gives an event up and never lets a later one of its key overtake it. */
export type LoadProducer = {
  readonly ledger: ClientLedger
  /** Events without a final answer. */
  unsettled(): number
  /** Makes no more events and resolves when all have their answer, or after `timeoutMs`. */
  finish(timeoutMs: number): Promise<void>
  /** Gives up at once. */
  stop(): Promise<void>
}

const MOST_IN_A_REQUEST = 50
/** No more events are made while so many wait: an outage must not become a flood. */
const MOST_UNSETTLED = 3000
const TICK_MS = 20
const PAUSE_MS = 100

/**
 * Posts events in arrays, open loop. The keys are dealt to connections, each with one request at a time. What is
 * refused or unknown is posted again, with the same ids and in the same order, before anything later of that
 * connection.
 */
export function startProducer(options: ProducerOptions): LoadProducer {
  const { url, makeEvent, eventsPerSecond, connections, answerTimeoutMs } = options
  const ledger: ClientLedger = { sent: [], answers: [], statuses: new Map() }
  const queues: number[][] = Array.from({ length: connections }, () => [])
  const giveUp = new AbortController()
  let making = true
  let open = 0
  let owed = 0

  const ticker = setInterval(() => {
    if (!making) return
    owed += (eventsPerSecond * TICK_MS) / 1000
    for (; owed >= 1; owed--) if (open < MOST_UNSETTLED) make()
  }, TICK_MS)
  const workers = Promise.all(queues.map(work))

  function make(): void {
    const event = makeEvent()
    const index = ledger.sent.push(event) - 1
    queues[connectionOf(event.key)]!.push(index)
    open++
  }

  function connectionOf(key: string): number {
    let sum = 0
    for (let i = 0; i < key.length; i++) sum = (sum * 31 + key.charCodeAt(i)) >>> 0
    return sum % connections
  }

  async function work(queue: number[]): Promise<void> {
    while (!giveUp.signal.aborted && (making || queue.length > 0)) {
      const batch = queue.splice(0, MOST_IN_A_REQUEST)
      let pending = batch
      while (pending.length > 0 && !giveUp.signal.aborted) {
        const again = await post(pending)
        open -= pending.length - again.length
        pending = again
        if (again.length > 0) await pause()
      }
      if (batch.length === 0) await pause()
    }
  }

  /** The events that have to be sent again, in their order. */
  async function post(batch: readonly number[]): Promise<number[]> {
    const asked = Date.now()
    const answers = await ask(batch.map((index) => ledger.sent[index]!))
    const at = Date.now()
    return batch.filter((event, place) => {
      const answer = answers[place]!
      ledger.answers.push({ event, at, took: at - asked, ...answer })
      return answer.status === 'unknown' || answer.status === 'refused'
    })
  }

  async function ask(events: readonly LoadEvent[]): Promise<readonly Told[]> {
    try {
      const response = await fetch(`${url}/v1/events`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(events.map(toPosted)),
        signal: AbortSignal.any([giveUp.signal, AbortSignal.timeout(answerTimeoutMs)]),
      })
      const body = await response.text()
      ledger.statuses.set(response.status, (ledger.statuses.get(response.status) ?? 0) + 1)
      return readAnswers(response.status, body, events.length)
    } catch (error) {
      return events.map(() => ({ status: 'unknown', reason: reasonOf(error) }))
    }
  }

  function pause(): Promise<void> {
    return delay(PAUSE_MS, undefined, { signal: giveUp.signal }).catch(() => {})
  }

  async function stop(): Promise<void> {
    making = false
    clearInterval(ticker)
    giveUp.abort()
    await workers
  }

  return {
    ledger,
    unsettled: () => open,
    async finish(timeoutMs) {
      making = false
      clearInterval(ticker)
      const late = delay(timeoutMs, undefined, { ref: false })
      await Promise.race([workers, late])
      await stop()
    },
    stop,
  }
}

type Told = Pick<Answer, 'status' | 'reason'>

/** Reads what a batch was answered. A problem with the request as a whole is about each of its events. */
export function readAnswers(status: number, body: string, count: number): readonly Told[] {
  const answer = parse(body)
  const results = answer?.results
  if (results?.length === count) {
    return results.map(({ status, code, decidedBy }) => {
      const reason = status === 'filtered' ? decidedBy?.replace(/^rule:/, '') : code
      return { status, ...(reason !== undefined && { reason }) }
    })
  }
  const isRefusal = status >= 400 && status < 500
  const told: Told = {
    status: isRefusal ? 'rejected' : 'unknown',
    reason: answer?.code ?? `status ${status}`,
  }
  return Array.from({ length: count }, () => told)
}

type BatchAnswer = {
  readonly code?: string
  readonly results?: readonly {
    readonly status: Answer['status']
    readonly code?: string
    readonly decidedBy?: string
  }[]
}

function parse(body: string): BatchAnswer | undefined {
  try {
    return JSON.parse(body) as BatchAnswer
  } catch {
    return undefined
  }
}

function toPosted({ type, id, source, priority, data }: LoadEvent) {
  return { type, id, source, data, ...(priority && { priority }) }
}

function reasonOf(error: unknown): string {
  const { name, cause } = error as Error & { cause?: { code?: string } }
  return cause?.code ?? name
}
