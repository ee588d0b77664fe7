/**
 * What a key gate needs to know of an item. `lane`: the more urgent the smaller, from 0. `sequence` grows in order
 * of arrival.
 */
export type Keyed = { readonly key: string; readonly lane: number; readonly sequence: number }

/**
 * Lets one item of a key run at a time; items of other keys pass by. Of one key, each lane keeps its order of
 * arrival, and a more urgent lane goes first: it never waits for what another lane has parked. Costs nothing while
 * nothing is held: a handler that answers at once never makes its key busy.
 *
 * An item's way: entered → parked → called (out of `leave`, in front of its lane's queue) → entered. Meanwhile
 * another of its key may run, so a lane has at most one called item of a key: a second one, put in front of the
 * first, would overtake it. And an idle key lets nobody in whose own lane has an earlier one parked. Whoever waits
 * is called in the end: its key is busy, or one of its key is called.
 */
export type KeyGate<Item extends Keyed> = {
  /** True: run it, it is its key's turn. False: it is parked here and comes back from `leave`. */
  enter(item: Item): boolean
  /** It runs on, after `enter` said yes: others of its key wait until `leave`. */
  hold(item: Item): void
  /**
   * It is done; to be called for each item that `enter` let in, held or not, while any is parked.
   * @returns the next one of its key, if any: it is to be entered again before others of its lane.
   */
  leave(item: Item): Item | undefined
  /** Forgets what is parked or called, not what is running. */
  clearParked(): void
  readonly parked: number
}

/** `called` has a bit for each lane. */
type Line<Item> = { readonly items: Item[]; called: number }

export function createKeyGate<Item extends Keyed>(): KeyGate<Item> {
  const busy = new Set<string>()
  const lines = new Map<string, Line<Item>>()
  let parked = 0

  function forgetIfDone(key: string, line: Line<Item>): void {
    if (line.items.length === 0 && line.called === 0) lines.delete(key)
  }

  return {
    enter(item) {
      if (busy.size === 0 && lines.size === 0) return true
      const { key, lane, sequence } = item
      const line = lines.get(key)
      if (line) line.called &= ~(1 << lane)
      if (!busy.has(key)) {
        if (!line) return true
        const ahead = line.items.find((one) => one.lane === lane)
        if (!ahead || ahead.sequence > sequence) {
          forgetIfDone(key, line)
          return true
        }
      }
      if (line) {
        const { items } = line
        let place = items.length
        while (place > 0 && (items[place - 1]!.lane - lane || items[place - 1]!.sequence - sequence) > 0)
          place--
        items.splice(place, 0, item)
      } else lines.set(key, { items: [item], called: 0 })
      parked++
      return false
    },
    hold(item) {
      busy.add(item.key)
    },
    leave({ key }) {
      busy.delete(key)
      const line = lines.get(key)
      if (!line) return undefined
      const { items } = line
      const place = line.called === 0 ? 0 : items.findIndex(({ lane }) => (line.called & (1 << lane)) === 0)
      const next = items[place]
      if (!next) return undefined
      items.splice(place, 1)
      line.called |= 1 << next.lane
      parked--
      return next
    },
    clearParked() {
      lines.clear()
      parked = 0
    },
    get parked() {
      return parked
    },
  }
}
