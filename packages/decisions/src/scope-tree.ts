import { hash } from 'node:crypto'
import type { Scope } from './decision.ts'

/** What a decision's scope may ask of an event. */
export type EventFacts = {
  readonly tenant: string
  readonly type: string
  readonly source: string
  readonly key: string
  /** What `content` is the hash of, as JSON. */
  readonly data: unknown
}

/** Something with a scope and a time. */
export type Scoped = { readonly scope: Scope; readonly from: number; readonly until: number }

/** Finds the strongest of those that match an event. */
export type ScopeTree<Item extends Scoped> = {
  add(item: Item): void
  remove(item: Item): void
  find(event: EventFacts, now: number): Item | undefined
}

/**
 * A tree of maps. A scope's members, in the order below, are the way from the root to its node; a node has a map for each
 * member that some scope goes on with. So an event is looked up in four maps at most where nothing is about it, however
 * many items there are, and in none where there are no items. Keys, of which there are most and which mostly miss, come
 * first. `content` comes last, behind type and key: an event is hashed only when something of its type and key asks for it.
 *
 * @param isStronger an order without ties
 */
export function createScopeTree<Item extends Scoped>(
  isStronger: (one: Item, other: Item) => boolean,
): ScopeTree<Item> {
  const root: Node<Item> = { items: [], branches: [] }

  function find(
    node: Node<Item>,
    event: EventFacts,
    now: number,
    before: Item | undefined,
  ): Item | undefined {
    let best = before
    const { items, branches } = node
    for (let index = 0; index < items.length; index++) {
      const item = items[index]!
      if (item.from > now || item.until <= now) continue
      if (best === undefined || isStronger(item, best)) best = item
      // The others of the node are weaker.
      break
    }
    for (let index = 0; index < branches.length; index++) {
      const { member, nodes } = branches[index]!
      const next = nodes.get(member === 'content' ? contentOf(event.data) : event[member])
      if (next !== undefined) best = find(next, event, now, best)
    }
    return best
  }

  return {
    add(item) {
      let node = root
      for (const member of MEMBERS) {
        const value = item.scope[member]
        if (value !== undefined) node = growTo(node, member, value)
      }
      const at = node.items.findIndex((other) => isStronger(item, other))
      node.items = node.items.toSpliced(at === -1 ? node.items.length : at, 0, item)
    },
    remove(item) {
      prune(root, MEMBERS, item)
    },
    find: (event, now) => find(root, event, now, undefined),
  }
}

type Member = keyof Scope

/** In the order of their levels. */
const MEMBERS: readonly Member[] = ['key', 'source', 'type', 'tenant', 'content']

type Node<Item> = {
  /** Those whose scope ends here, the strongest first. */
  items: readonly Item[]
  branches: readonly Branch<Item>[]
}

type Branch<Item> = { readonly member: Member; readonly nodes: Map<string, Node<Item>> }

function growTo<Item>(node: Node<Item>, member: Member, value: string): Node<Item> {
  let branch = node.branches.find((one) => one.member === member)
  if (!branch) {
    branch = { member, nodes: new Map() }
    node.branches = [...node.branches, branch]
  }
  let next = branch.nodes.get(value)
  if (!next) {
    next = { items: NONE, branches: NONE }
    branch.nodes.set(value, next)
  }
  return next
}

/** Takes an item out, and what is empty then. */
function prune<Item extends Scoped>(node: Node<Item>, members: readonly Member[], item: Item): void {
  const at = members.findIndex((member) => item.scope[member] !== undefined)
  if (at === -1) {
    node.items = node.items.filter((other) => other !== item)
    return
  }
  const member = members[at]!
  const value = item.scope[member]!
  const branch = node.branches.find((one) => one.member === member)
  const next = branch?.nodes.get(value)
  if (!branch || !next) return
  prune(next, members.slice(at + 1), item)
  if (next.items.length > 0 || next.branches.length > 0) return
  branch.nodes.delete(value)
  if (branch.nodes.size === 0) node.branches = node.branches.filter((one) => one !== branch)
}

const NONE: readonly never[] = []

/** The event's data as JSON text, as the gateway stores it, hashed. */
function contentOf(data: unknown): string {
  return hash('sha256', JSON.stringify(data), 'hex')
}
