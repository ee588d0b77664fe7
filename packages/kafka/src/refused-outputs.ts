import { backoffMs } from './backoff.ts'
import { placeOf } from './partition.ts'
import type { Publisher, PublishOutcome, PublishRecord, Receipt } from './publisher.ts'

/**
 * Outputs that Kafka refused and that nothing can stand for: tried again, with growing waits, until they are stored. Each
 * topic-partition has one line, in the order in which they came. After a wait the first goes alone; when it was stored,
 * the others follow. So what waits, and what comes for its partition meanwhile, is stored in order.
 *
 * Not guaranteed: the place of an output that is refused for what it is, as one that is too large. The others go on.
 */
export type RefusedOutputs<Owner extends Receipt> = {
  /** Whether an output for this partition has to stand in line. */
  holds(output: PublishRecord): boolean
  /**
   * `owner` is told with `index` when the output was stored, and nothing else.
   * @param refused what Kafka said; undefined for an output that was not tried, because its partition has a line
   */
  add(owner: Owner, index: number, output: PublishRecord, refused?: PublishOutcome): void
  /** Nothing is sent any more: `left` is told of whoever has an output in line, or one that is refused from now on. */
  stop(): void
  /** Outputs in line or on their way. */
  readonly length: number
}

export type RefusedOutputsOptions<Owner> = {
  readonly publisher: Pick<Publisher, 'publish'>
  /** What Kafka said of the first in line, and how often it has said no since there is this line. */
  refused(output: PublishRecord, tries: number, detail: string): void
  /** An output of this owner will not be stored any more; told once. */
  left(owner: Owner): void
  readonly random?: () => number
}

export function createRefusedOutputs<Owner extends Receipt>(
  options: RefusedOutputsOptions<Owner>,
): RefusedOutputs<Owner> {
  const { publisher, random = Math.random } = options
  const lines = new Map<string, Line>()
  let length = 0
  const gone = new Set<Owner>()
  let stopped = false

  type Waiting = {
    readonly owner: Owner
    readonly index: number
    readonly output: PublishRecord
    /** Refused for what it is, not for where it goes. */
    unfit: boolean
  }

  /** One for each topic-partition; it is the receipt of what it sends, by the place in `sent`. */
  class Line implements Receipt {
    readonly #place: string
    #waiting: Waiting[] = []
    #sent: Waiting[] = []
    #refused: Waiting[] = []
    #unsettled = 0
    #tries = 1
    #timer: NodeJS.Timeout | undefined

    constructor(place: string) {
      this.#place = place
    }

    push(waiting: Waiting): void {
      length++
      this.#waiting.push(waiting)
      if (this.#unsettled === 0) this.#timer ??= this.#wait()
    }

    stop(): void {
      clearTimeout(this.#timer)
      for (const { owner } of this.#waiting.splice(0)) leave(owner)
    }

    settled(index: number, outcome: PublishOutcome): void {
      const waiting = this.#sent[index]!
      if (outcome.status === 'stored') {
        length--
        waiting.owner.settled(waiting.index, outcome)
      } else {
        waiting.unfit = isUnfit(outcome)
        this.#refused.push(waiting)
        if (stopped) leave(waiting.owner)
        else if (this.#refused.length === 1) options.refused(waiting.output, ++this.#tries, detailOf(outcome))
      }
      if (--this.#unsettled === 0) this.#goOn()
    }

    #wait(): NodeJS.Timeout {
      return setTimeout(
        () => {
          this.#timer = undefined
          const first = this.#waiting.find(({ unfit }) => !unfit)
          this.#send((waiting) => waiting === first || waiting.unfit)
        },
        backoffMs(this.#tries, BACKOFF, random),
      )
    }

    #goOn(): void {
      const refused = new Set(this.#refused)
      this.#refused = []
      this.#waiting = [...this.#sent.filter((waiting) => refused.has(waiting)), ...this.#waiting]
      this.#sent = []
      const fit = this.#waiting.filter(({ unfit }) => !unfit)
      if (this.#waiting.length === 0) lines.delete(this.#place)
      else if (stopped) this.stop()
      else if (fit.length === 0 || fit.some((waiting) => refused.has(waiting))) this.#timer = this.#wait()
      else this.#send(({ unfit }) => !unfit)
    }

    #send(isChosen: (waiting: Waiting) => boolean): void {
      this.#sent = this.#waiting.filter(isChosen)
      this.#waiting = this.#waiting.filter((waiting) => !isChosen(waiting))
      this.#unsettled = this.#sent.length
      for (const [index, { output }] of this.#sent.entries()) publisher.publish(output, this, index)
    }
  }

  function leave(owner: Owner): void {
    if (gone.has(owner)) return
    gone.add(owner)
    options.left(owner)
  }

  return {
    holds: (output) => lines.has(placeOf(output)),
    add(owner, index, output, refused) {
      if (stopped) {
        leave(owner)
        return
      }
      const place = placeOf(output)
      let line = lines.get(place)
      if (!line) {
        line = new Line(place)
        lines.set(place, line)
        if (refused) options.refused(output, 1, detailOf(refused))
      }
      line.push({ owner, index, output, unfit: refused !== undefined && isUnfit(refused) })
    },
    stop() {
      stopped = true
      for (const line of lines.values()) line.stop()
    },
    get length() {
      return length
    },
  }
}

const BACKOFF = { baseMs: 500, maxMs: 30_000 }

function isUnfit(outcome: PublishOutcome): boolean {
  return outcome.status === 'failed' && (outcome.reason === 'too-large' || outcome.reason === 'invalid')
}

export function detailOf(outcome: PublishOutcome): string {
  return 'detail' in outcome ? outcome.detail : outcome.status
}
