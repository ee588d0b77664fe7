import { createFifo } from './fifo.ts'

/**
 * Records of one retry partition that wait until they are due: the timestamp plus the delay of their topic, never
 * earlier by this machine's clock, perhaps later. All wait equally long and stand in the order of their timestamps, so
 * only the first is watched; the others need not be asked.
 *
 * A timestamp that lies in the future, because the clock of whoever wrote it goes wrong, counts as now: nothing waits
 * longer than its delay after it got here.
 */
export type DueQueue<Item> = {
  push(item: Item, timestamp: number): void
  /** Forgets what waits. */
  clear(): void
  readonly length: number
}

export function createDueQueue<Item>(options: {
  readonly delayMs: number
  /** Milliseconds since the epoch. */
  now(): number
  release(item: Item): void
}): DueQueue<Item> {
  const { delayMs, now, release } = options
  const waiting = createFifo<{ readonly item: Item; readonly due: number }>()
  let timer: NodeJS.Timeout | undefined

  function releaseDue(): void {
    timer = undefined
    for (let first = waiting.shift(); first; first = waiting.shift()) {
      const left = first.due - now()
      if (left > 0) {
        waiting.pushFront(first)
        // A timer of more than 2^31 ms fires at once.
        timer = setTimeout(releaseDue, Math.min(left, MAX_TIMER_MS))
        return
      }
      release(first.item)
    }
  }

  return {
    push(item, timestamp) {
      waiting.push({ item, due: Math.min(timestamp, now()) + delayMs })
      if (timer === undefined) releaseDue()
    },
    clear() {
      clearTimeout(timer)
      timer = undefined
      waiting.clear()
    },
    get length() {
      return waiting.length
    },
  }
}

const MAX_TIMER_MS = 2 ** 31 - 1
