/** A queue that adds and takes in constant time; an array's `shift` moves everything behind it. */
export type Fifo<Item> = {
  push(item: Item): void
  /** Puts it before everything else. */
  pushFront(item: Item): void
  shift(): Item | undefined
  clear(): void
  readonly length: number
}

export function createFifo<Item>(): Fifo<Item> {
  let items: (Item | undefined)[] = []
  let front = 0

  return {
    push(item) {
      items.push(item)
    },
    pushFront(item) {
      if (front > 0) items[--front] = item
      else items.unshift(item)
    },
    shift() {
      if (front === items.length) return undefined
      const item = items[front]
      items[front++] = undefined
      if (front === items.length) {
        items = []
        front = 0
      } else if (front > COMPACT_AT && front * 2 > items.length) {
        items = items.slice(front)
        front = 0
      }
      return item
    },
    clear() {
      items = []
      front = 0
    },
    get length() {
      return items.length - front
    },
  }
}

const COMPACT_AT = 1024
