import type { Entry } from './entry.ts'

/**
 * Where pending events outlive the process: a file, IndexedDB, a table. One call at a time. Each may reject.
 * What `save` kept must come back from `load`, in the order in which it was saved, until `remove` took it.
 */
export type Persistence = {
  /** Keeps events before they are sent. When it rejects, they are not published. */
  save(events: readonly PendingEvent[]): Promise<void>
  /** Forgets events that the gateway decided about. When it rejects, they are sent again by the next process. */
  remove(ids: readonly string[]): Promise<void>
  /** Called once, before anything is sent. */
  load(): Promise<readonly PendingEvent[]>
}

/** An event as it is kept: plain data that JSON, or a structured clone, carries unchanged. */
export type PendingEvent = {
  readonly id: string
  readonly type: string
  /** What keeps its order with others of the same; absent: nothing. */
  readonly place?: string
  /** The event as it is posted. */
  readonly text: string
}

export type OutboxOptions = {
  readonly persistence: Persistence
  /** The kept events of an earlier process, first of all. */
  readonly restored: (events: readonly PendingEvent[]) => void
  /** These are kept and may be sent. */
  readonly saved: (entries: readonly Entry[]) => void
  /** These could not be kept. */
  readonly failed: (entries: readonly Entry[], cause: unknown) => void
  /** What nobody waits for went wrong. */
  readonly onError: (error: unknown) => void
}

/** Keeps events, in order and several at a time. */
export type Outbox = {
  save(entry: Entry): void
  remove(id: string): void
  /** Resolves when what an earlier process left is here, or it is known that it cannot be read. */
  readonly loaded: Promise<void>
  /** Resolves when everything that was asked for so far is done. */
  idle(): Promise<void>
}

export function createOutbox(options: OutboxOptions): Outbox {
  const { persistence } = options
  let saves: Entry[] = []
  let removes: string[] = []
  let broken: { readonly cause: unknown } | undefined
  const loaded = load()
  let work: Promise<void> | undefined = loaded.finally(() => {
    work = undefined
    begin()
  })

  async function load(): Promise<void> {
    try {
      options.restored(await persistence.load())
    } catch (cause) {
      // What an earlier process left is not known: to send anything might overtake it.
      broken = { cause }
    }
  }

  function begin(): void {
    if (work || saves.length + removes.length === 0) return
    // Later, so that what comes at once goes together.
    work = Promise.resolve()
      .then(proceed)
      .finally(() => {
        work = undefined
        begin()
      })
  }

  async function proceed(): Promise<void> {
    const entries = saves
    saves = []
    if (entries.length > 0) {
      try {
        if (broken) throw broken.cause
        await persistence.save(entries.map(toPending))
        options.saved(entries)
      } catch (cause) {
        options.failed(entries, cause)
      }
    }
    const ids = removes
    removes = []
    if (ids.length === 0) return
    try {
      await persistence.remove(ids)
    } catch (error) {
      options.onError(error)
    }
  }

  return {
    loaded,
    save(entry) {
      saves.push(entry)
      begin()
    },
    remove(id) {
      removes.push(id)
      begin()
    },
    async idle() {
      // What is under way may have begun before; the next one takes all the rest.
      await work
      await work
    },
  }
}

function toPending({ id, type, place, text }: Entry): PendingEvent {
  return { id, type, ...(place !== undefined && { place }), text }
}
