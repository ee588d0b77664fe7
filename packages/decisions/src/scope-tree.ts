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
 * A node with few items keeps those that would go on, and compares: most keys have one or two, and each further map would
 * be a walk through memory that is in no cache.
 *
 * @param isStronger an order without ties
 */
export function createScopeTree<Item extends Scoped>(
  isStronger: (one: Item, other: Item) => boolean,
): ScopeTree<Item> {
  const root = createNode<Item>(0)

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
      if (item.from > now || item.until <= now || !matches(item.scope, event)) continue
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

  function add(node: Node<Item>, item: Item): void {
    const stays = (other: Item) => nextLevel(other.scope, node.depth) === -1
    if (stays(item) || (node.branches.length === 0 && node.items.length < FEW)) {
      const at = node.items.findIndex((other) => isStronger(item, other))
      node.items = node.items.toSpliced(at === -1 ? node.items.length : at, 0, item)
      return
    }
    const goingOn = node.items.filter((other) => !stays(other))
    if (goingOn.length > 0) node.items = node.items.filter(stays)
    for (const other of [...goingOn, item]) add(growFrom(node, other.scope), other)
  }

  return {
    add: (item) => add(root, item),
    remove: (item) => void prune(root, item),
    find: (event, now) => find(root, event, now, undefined),
  }
}

type Member = keyof Scope

/** In the order of their levels. */
const MEMBERS: readonly Member[] = ['key', 'source', 'type', 'tenant', 'content']

/** So many are compared one by one. */
const FEW = 4

type Node<Item> = {
  /** The level of its branches at the earliest. */
  readonly depth: number
  /** The strongest first. Those whose scope ends here; where there are no branches, also a few others. */
  items: readonly Item[]
  branches: readonly Branch<Item>[]
}

type Branch<Item> = { readonly member: Member; readonly nodes: Map<string, Node<Item>> }

function createNode<Item>(depth: number): Node<Item> {
  return { depth, items: NONE, branches: NONE }
}

/** The level of the first member of a scope from a level on; -1 when there is none. */
function nextLevel(scope: Scope, depth: number): number {
  for (let level = depth; level < MEMBERS.length; level++) {
    if (scope[MEMBERS[level]!] !== undefined) return level
  }
  return -1
}

/** The node after this one on the way of a scope, which goes on. */
function growFrom<Item>(node: Node<Item>, scope: Scope): Node<Item> {
  const level = nextLevel(scope, node.depth)
  const member = MEMBERS[level]!
  let branch = node.branches.find((one) => one.member === member)
  if (!branch) {
    branch = { member, nodes: new Map() }
    node.branches = [...node.branches, branch]
  }
  const value = scope[member]!
  let next = branch.nodes.get(value)
  if (!next) {
    next = createNode(level + 1)
    branch.nodes.set(value, next)
  }
  return next
}

/** Takes an item out, and what is empty then. Whether the node is. */
function prune<Item extends Scoped>(node: Node<Item>, item: Item): boolean {
  if (node.items.includes(item)) node.items = node.items.filter((other) => other !== item)
  else {
    const member = MEMBERS[nextLevel(item.scope, node.depth)]
    const branch = node.branches.find((one) => one.member === member)
    const value = member && item.scope[member]
    const next = value === undefined ? undefined : branch?.nodes.get(value)
    if (branch && next && prune(next, item)) branch.nodes.delete(value!)
    if (branch?.nodes.size === 0) node.branches = node.branches.filter((one) => one !== branch)
  }
  return node.items.length === 0 && node.branches.length === 0
}

function matches({ key, source, type, tenant, content }: Scope, event: EventFacts): boolean {
  return (
    (key === undefined || key === event.key) &&
    (source === undefined || source === event.source) &&
    (type === undefined || type === event.type) &&
    (tenant === undefined || tenant === event.tenant) &&
    (content === undefined || content === contentOf(event.data))
  )
}

const NONE: readonly never[] = []

/** The event's data as JSON text, as the gateway stores it, hashed. */
function contentOf(data: unknown): string {
  return hash('sha256', JSON.stringify(data), 'hex')
}
