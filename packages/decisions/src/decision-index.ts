import type { Lane } from '@sluice/events'
import type { Action, Decision, Scope } from './decision.ts'
import { type BadDecisionReason, type DecisionRecord, decodeDecision } from './decision-record.ts'
import { createScopeTree, type EventFacts } from './scope-tree.ts'

export type { EventFacts } from './scope-tree.ts'

/** A decision in memory. */
export type HeldDecision = Pick<Decision, 'id' | 'reason' | 'by'> & {
  /** Members that are absent are undefined. */
  readonly scope: Scope
  readonly action: Action
  /** Of raise and lower. */
  readonly priority: Lane | undefined
  /** Milliseconds since the epoch. */
  readonly from: number
  readonly until: number
  /** As JSON: as an object it would take several times the memory, and hardly anybody asks for it. */
  readonly evidenceText: string | undefined
  /** How many members its scope has. */
  readonly members: number
  /** Bytes of its record. */
  readonly bytes: number
  /** For who applies it to count. A record of the same id goes on with the count. */
  hits: number
}

/** One that moves events to another lane. */
export type HeldMove = HeldDecision & { readonly action: 'raise' | 'lower'; readonly priority: Lane }

/**
 * What a record did: it is held now (also one that holds only later); its decision is over already; it lifted one;
 * it lifted none; or it was not taken: because it is bad, or because there is no room.
 */
export type Applied =
  | { readonly status: 'held'; readonly decision: HeldDecision }
  | { readonly status: 'over' | 'lifted' | 'nothing-lifted'; readonly id: string }
  | { readonly status: 'refused'; readonly reason: BadDecisionReason | 'full'; readonly detail: string }

export type DecisionIndexOptions = {
  /** How many decisions are held at most, those that are not live yet among them. */
  readonly maxDecisions?: number
  /** How many bytes their records may have together; in memory they take about twice that. */
  readonly maxBytes?: number
}

/**
 * The decisions that hold, found by event. Time is a parameter everywhere: milliseconds since the epoch.
 *
 * The last record of an id counts, a tombstone lifts it. A bad record changes nothing, not even what was held under its
 * id. What is over is not found any more, and forgotten with the next `sweep`. When it is full, new ids are refused until
 * something ends; ids that are held may still change.
 */
export type DecisionIndex = {
  apply(record: DecisionRecord, now: number): Applied
  /** The suppression that holds for an event; undefined where there is none, or an exception from it is stronger. */
  findSuppression(event: EventFacts, now: number): HeldDecision | undefined
  /** What raises or lowers an event. */
  findMove(event: EventFacts, now: number): HeldMove | undefined
  /** Forgets what is over. Costs nothing until something is. */
  sweep(now: number): void
  get(id: string): HeldDecision | undefined
  /** In no particular order; those that are over since the last sweep among them. */
  list(): IterableIterator<HeldDecision>
  readonly size: number
}

/** Nothing that happens at once needs more; the hot path does not care how many there are. */
const MAX_DECISIONS = 100_000
const MAX_BYTES = 64 * 1024 * 1024

export function createDecisionIndex(options: DecisionIndexOptions = {}): DecisionIndex {
  const { maxDecisions = MAX_DECISIONS, maxBytes = MAX_BYTES } = options
  const byId = new Map<string, HeldDecision>()
  const drops = createScopeTree<HeldDecision>(isStrongerDrop)
  const moves = createScopeTree<HeldDecision>(isStronger)
  const treeOf = ({ action }: HeldDecision) => (action === 'suppress' || action === 'allow' ? drops : moves)
  let bytes = 0
  /** Nothing that is held ends before. */
  let nextEnd = Number.POSITIVE_INFINITY

  function hold(decision: HeldDecision): void {
    byId.set(decision.id, decision)
    treeOf(decision).add(decision)
    bytes += decision.bytes
    if (decision.until < nextEnd) nextEnd = decision.until
  }

  function forget(decision: HeldDecision): void {
    byId.delete(decision.id)
    treeOf(decision).remove(decision)
    bytes -= decision.bytes
  }

  function hasRoomFor(decision: HeldDecision): boolean {
    const before = byId.get(decision.id)
    if (!before && byId.size >= maxDecisions) return false
    const more = decision.bytes - (before?.bytes ?? 0)
    return more <= 0 || bytes + more <= maxBytes
  }

  function sweep(now: number): void {
    if (now < nextEnd) return
    nextEnd = Number.POSITIVE_INFINITY
    for (const decision of byId.values()) {
      if (decision.until <= now) forget(decision)
      else if (decision.until < nextEnd) nextEnd = decision.until
    }
  }

  return {
    apply(record, now) {
      const decoded = decodeDecision(record)
      if ('problem' in decoded) return { status: 'refused', reason: decoded.problem, detail: decoded.detail }
      if ('lifted' in decoded) {
        const held = byId.get(decoded.lifted)
        if (held) forget(held)
        return { status: held ? 'lifted' : 'nothing-lifted', id: decoded.lifted }
      }
      const { id } = decoded.decision
      const decision = toHeld(decoded.decision, record.value!.length, byId.get(id)?.hits ?? 0)
      if (decision.until > now && !hasRoomFor(decision)) {
        sweep(now)
        if (!hasRoomFor(decision)) {
          const detail = `${byId.size} decisions of ${bytes} bytes are held; ${maxDecisions} of ${maxBytes} bytes are the most.`
          return { status: 'refused', reason: 'full', detail }
        }
      }
      const before = byId.get(id)
      if (before) forget(before)
      if (decision.until <= now) return { status: 'over', id }
      hold(decision)
      return { status: 'held', decision }
    },
    findSuppression(event, now) {
      const found = drops.find(event, now)
      return found?.action === 'suppress' ? found : undefined
    },
    findMove: (event, now) => moves.find(event, now) as HeldMove | undefined,
    sweep,
    get: (id) => byId.get(id),
    list: () => byId.values(),
    get size() {
      return byId.size
    },
  }
}

export function isLive({ from, until }: Pick<HeldDecision, 'from' | 'until'>, now: number): boolean {
  return from <= now && now < until
}

/** What a held decision says, its times in UTC. */
export function decisionOf(held: HeldDecision): Decision {
  const { id, action, scope, priority, reason, evidenceText, by, from, until } = held
  return {
    ...{ id, action },
    scope: Object.fromEntries(Object.entries(scope).filter(([, member]) => member !== undefined)),
    ...(priority !== undefined && { priority }),
    reason,
    ...(evidenceText !== undefined && { evidence: JSON.parse(evidenceText) }),
    by,
    from: new Date(from).toISOString(),
    until: new Date(until).toISOString(),
  }
}

function toHeld({ evidence, ...decision }: Decision, bytes: number, hits: number): HeldDecision {
  const { id, action, scope, priority, reason, by, from, until } = decision
  return {
    ...{ id, action, scope: inOneShape(scope), reason, by },
    priority:
      action === 'raise' ? (priority ?? 'high') : action === 'lower' ? (priority ?? 'low') : undefined,
    from: Date.parse(from),
    until: Date.parse(until),
    evidenceText: evidence === undefined ? undefined : JSON.stringify(evidence),
    members: Object.values(scope).filter((member) => member !== undefined).length,
    bytes,
    hits,
  }
}

/** All members in one order, also the absent ones: objects of one shape are read faster. */
function inOneShape({ type, source, tenant, key, content }: Scope): Scope {
  return { type, source, tenant, key, content }
}

/** More members first, then the later start, then the smaller id: an order without ties. */
function isStronger(one: HeldDecision, other: HeldDecision): boolean {
  if (one.members !== other.members) return one.members > other.members
  if (one.from !== other.from) return one.from > other.from
  return one.id < other.id
}

/** Of scopes with equally many members an exception is stronger, so that a job that repeats itself does not undo it. */
function isStrongerDrop(one: HeldDecision, other: HeldDecision): boolean {
  if (one.members === other.members && one.action !== other.action) return one.action === 'allow'
  return isStronger(one, other)
}
