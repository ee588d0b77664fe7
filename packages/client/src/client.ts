import { type Clock, systemClock } from './clock.ts'
import { byteLength, encodeEvent } from './encode-event.ts'
import { type Entry, giveUp } from './entry.ts'
import { ClientError } from './errors.ts'
import { createEventId } from './event-id.ts'
import { type EventKind, type PublishOptions, placeOf } from './kind.ts'
import { createOutbox, type PendingEvent, type Persistence } from './outbox.ts'
import type { Outcome } from './outcome.ts'
import type { PostOptions } from './post.ts'
import { createSender } from './sender.ts'

export type ClientOptions = PostOptions & {
  /** How many events a request has at most. Default: 500. */
  readonly maxBatchEvents?: number
  /** How large a request is at most, save for one with a single event. Default: 1 MiB. */
  readonly maxBatchBytes?: number
  /** How long an event waits for company while a request is open. Default: 5 ms. */
  readonly lingerMs?: number
  /** How many requests are open at once. The order of a key holds with any number. Default: 4. */
  readonly maxInFlight?: number
  /** How many events may have no outcome yet. Default: 10,000. */
  readonly maxQueuedEvents?: number
  /** How many bytes they may have; the last one may go beyond. Default: 16 MiB. */
  readonly maxQueuedBytes?: number
  /** How long an event is tried before its outcome is what was last known. Default: 2 minutes. */
  readonly deliveryTimeoutMs?: number
  /** The longest wait before the second attempt; it doubles with each further one. Default: 100 ms. */
  readonly backoffBaseMs?: number
  /** The longest wait between attempts, unless the gateway asks for more. Default: 10 s. */
  readonly backoffMaxMs?: number
  /** Called once for each event, also for those that an earlier process left. */
  readonly onOutcome?: (outcome: Outcome) => void
  /** What reaches nobody else: `onOutcome` threw, `remove` failed. Default: `console.error`. */
  readonly onError?: (error: unknown) => void
  /** Keeps pending events over a restart. */
  readonly persistence?: Persistence
  /** Closes the client at once when it aborts. */
  readonly signal?: AbortSignal
  readonly clock?: Clock
}

/** Publishes events through a gateway. Each event that is taken gets exactly one outcome. */
export type Client = {
  /**
   * Publishes an event. Resolves to its outcome, whatever that is; a refusal is no rejection of the promise.
   * Rejects when the client does not take the event: then nothing of it is sent.
   * @throws ClientError (as a rejection)
   */
  publish<Data>(kind: EventKind<Data>, data: NoInfer<Data>, options?: PublishOptions): Promise<Outcome>
  /** Without a definition nothing checks the data before the gateway does, and `subject` stands for the key. */
  publish(type: string, data: unknown, options?: PublishOptions): Promise<Outcome>
  /** Resolves when there is room. Publish right after it: whoever waits is woken for one event, in turn. */
  ready(): Promise<void>
  /** Sends without lingering; resolves when every event so far, also of an earlier process, has its outcome. */
  flush(): Promise<void>
  /**
   * Takes no more events and resolves when all have their outcome. What has none after `timeoutMs` (30 s by default) is
   * given up: it ends as `refused` or `unknown`, and stays where `persistence` keeps it.
   */
  close(options?: { readonly timeoutMs?: number }): Promise<void>
}

/**
 * Makes a client. It keeps no process alive but for its timers and requests; close it to have nothing left.
 * @throws TypeError when the address cannot be read or a limit is no positive number
 */
export function createClient(options: ClientOptions): Client {
  const {
    maxQueuedEvents = 10_000,
    maxQueuedBytes = 16 * 1024 * 1024,
    maxBatchEvents = 500,
    deliveryTimeoutMs = 120_000,
    onOutcome,
    onError = console.error,
    persistence,
    clock = systemClock,
  } = options
  check(options)
  /** Everything without an outcome, in the order of its deadlines. */
  const pending = new Set<Entry>()
  let pendingBytes = 0
  let waiters: { readonly resolve: () => void; readonly reject: (reason: Error) => void }[] = []
  const flushes = new Set<Flush>()
  let disarm: (() => void) | undefined
  let waking = false
  let closing: Promise<void> | undefined
  let drained = false

  const sender = createSender({
    ...options,
    maxBatchEvents,
    maxBatchBytes: options.maxBatchBytes ?? 1024 * 1024,
    lingerMs: options.lingerMs ?? 5,
    maxInFlight: options.maxInFlight ?? 4,
    backoff: { baseMs: options.backoffBaseMs ?? 100, maxMs: options.backoffMaxMs ?? 10_000 },
    clock,
    settle,
  })
  const outbox = persistence && createOutbox({ persistence, restored, saved, failed, onError })
  const onAbort = () => void close({ timeoutMs: 0 })
  options.signal?.addEventListener('abort', onAbort, { once: true })
  if (options.signal?.aborted) onAbort()

  function publish<Data>(
    kind: EventKind<Data> | string,
    data: Data,
    attributes: PublishOptions = {},
  ): Promise<Outcome> {
    const { promise, resolve, reject } = Promise.withResolvers<Outcome>()
    try {
      take(kind, data, attributes, resolve, reject)
    } catch (error) {
      reject(error)
    }
    return promise
  }

  function take<Data>(
    kind: EventKind<Data> | string,
    data: Data,
    attributes: PublishOptions,
    resolve: Entry['resolve'],
    reject: Entry['reject'],
  ): void {
    if (closing) throw closed()
    if (isFull()) {
      throw new ClientError(
        'queue-full',
        `${pending.size} events (${pendingBytes} bytes) wait already. Await ready() before you publish more.`,
      )
    }
    const now = clock.now()
    const type = typeof kind === 'string' ? kind : kind.type
    const id = attributes.id ?? createEventId(now)
    const time = attributes.time ?? new Date(now).toISOString()
    const text = encodeEvent(type, id, time, data, attributes)
    const entry = admit({ id, type, place: placeOf(kind, data, attributes), text }, resolve, reject)
    const { signal } = attributes
    if (signal) {
      const withdraw = () => settle(entry, giveUp(entry), true)
      if (signal.aborted) {
        withdraw()
        return
      }
      signal.addEventListener('abort', withdraw, { once: true })
      entry.release = () => signal.removeEventListener('abort', withdraw)
    }
    if (outbox) outbox.save(entry)
    else sender.add(entry)
  }

  function admit(
    { id, type, place, text }: Omit<PendingEvent, 'place'> & { readonly place: string | undefined },
    resolve: Entry['resolve'],
    reject: Entry['reject'],
  ): Entry {
    const entry: Entry = {
      id,
      type,
      place,
      text,
      bytes: byteLength(text),
      deadline: clock.now() + deliveryTimeoutMs,
      resolve,
      reject,
      attempts: 0,
      inFlight: false,
      mayBeStored: false,
      code: 'not-sent',
      settled: false,
      together: maxBatchEvents,
      release: undefined,
    }
    pending.add(entry)
    pendingBytes += entry.bytes
    disarm ??= clock.after(deliveryTimeoutMs, expire)
    return entry
  }

  /** @param judged whether it is not to be sent again by a later process either */
  function settle(entry: Entry, outcome: Outcome, judged: boolean): void {
    if (!leave(entry)) return
    if (judged) outbox?.remove(entry.id)
    try {
      onOutcome?.(outcome)
    } catch (error) {
      onError(error)
    }
    entry.resolve(outcome)
  }

  /** Whether it was still there. Each event leaves once. */
  function leave(entry: Entry): boolean {
    if (entry.settled) return false
    entry.settled = true
    entry.release?.()
    pending.delete(entry)
    pendingBytes -= entry.bytes
    for (const flush of flushes) if (flush.entries.delete(entry) && flush.entries.size === 0) end(flush)
    if (waiters.length > 0) scheduleWake()
    if (pending.size === 0) {
      disarm?.()
      disarm = undefined
    }
    return true
  }

  /** In a turn of its own: then whoever was woken before has published, and the room is what it is. */
  function scheduleWake(): void {
    if (waking) return
    waking = true
    clock.after(0, () => {
      waking = false
      if (isFull()) return
      for (const { resolve } of waiters.splice(0, maxQueuedEvents - pending.size)) resolve()
      if (waiters.length > 0) scheduleWake()
    })
  }

  function expire(): void {
    disarm = undefined
    const now = clock.now()
    for (const entry of pending) {
      if (entry.deadline > now) {
        disarm = clock.after(entry.deadline - now, expire)
        return
      }
      settle(entry, giveUp(entry), false)
    }
  }

  function restored(events: readonly PendingEvent[]): void {
    if (drained) return
    for (const event of events) sender.add(admit({ place: undefined, ...event }, ignore, ignore))
  }

  function saved(entries: readonly Entry[]): void {
    for (const entry of entries) if (!entry.settled) sender.add(entry)
  }

  function failed(entries: readonly Entry[], cause: unknown): void {
    for (const entry of entries) {
      if (!leave(entry)) continue
      entry.reject(
        new ClientError('persistence-failed', `The event ${entry.id} could not be kept, and was not sent.`, {
          cause,
        }),
      )
    }
  }

  function isFull(): boolean {
    return pending.size >= maxQueuedEvents || pendingBytes >= maxQueuedBytes
  }

  async function ready(): Promise<void> {
    if (closing) throw closed()
    if (!isFull()) return
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    waiters.push({ resolve, reject })
    await promise
  }

  async function flush(): Promise<void> {
    if (outbox) await outbox.loaded
    sender.hurry()
    if (pending.size > 0) {
      const { promise, resolve } = Promise.withResolvers<void>()
      flushes.add({ entries: new Set(pending), resolve })
      await promise
    }
    await outbox?.idle()
  }

  function end(flush: Flush): void {
    flushes.delete(flush)
    flush.resolve()
  }

  function close({ timeoutMs = 30_000 }: { readonly timeoutMs?: number } = {}): Promise<void> {
    closing ??= drain(timeoutMs)
    return closing
  }

  async function drain(timeoutMs: number): Promise<void> {
    options.signal?.removeEventListener('abort', onAbort)
    for (const { reject } of waiters) reject(closed())
    waiters = []
    if (timeoutMs > 0) {
      const timedOut = Promise.withResolvers<void>()
      const stopWaiting = clock.after(timeoutMs, timedOut.resolve)
      await Promise.race([flush(), timedOut.promise])
      stopWaiting()
    }
    drained = true
    for (const entry of pending) settle(entry, giveUp(entry), false)
    sender.stop()
    disarm?.()
  }

  return { publish, ready, flush, close }
}

type Flush = { readonly entries: Set<Entry>; readonly resolve: () => void }

function closed(): ClientError {
  return new ClientError('client-closed', 'The client is closed; make another one.')
}

function ignore(): void {}

function check(options: ClientOptions): void {
  if (!URL.canParse(options.url)) {
    throw new TypeError(`"${options.url}" is no address of a gateway, like https://events.example.com.`)
  }
  for (const name of LIMITS) {
    const value = options[name]
    if (value !== undefined && !(value >= (MAY_BE_ZERO.has(name) ? 0 : 1))) {
      throw new TypeError(`${name} must be a positive number, not ${value}.`)
    }
  }
}

const LIMITS = [
  'maxBatchEvents',
  'maxBatchBytes',
  'lingerMs',
  'maxInFlight',
  'maxQueuedEvents',
  'maxQueuedBytes',
  'deliveryTimeoutMs',
  'requestTimeoutMs',
  'backoffBaseMs',
  'backoffMaxMs',
] as const
const MAY_BE_ZERO: ReadonlySet<string> = new Set(['lingerMs', 'backoffBaseMs', 'backoffMaxMs'])
