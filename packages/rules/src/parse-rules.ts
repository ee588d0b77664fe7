import { createHash } from 'node:crypto'
import { type EventDefinition, jsonSchemaOf, LANES, NAME_PATTERN } from '@sluice/events'
import { isAlias, isNode, isScalar, LineCounter, type Node, parseDocument, type Scalar, visit } from 'yaml'
import { z } from 'zod'
import { type Condition, compileCondition } from './compile.ts'
import { ExpressionError } from './expression.ts'
import { hintAt } from './nearest.ts'
import { type Rule, type RuleProblem, type RuleSet, RulesError, type RuleTest } from './rule-set.ts'
import { type ValueType, valueTypeOf } from './value-type.ts'

/**
 * Reads a file of rules, YAML like this, and checks each condition against the schemas of its types:
 *
 * ```yaml
 * rules:
 *   - name: bots
 *     type: page-viewed          # or a list of types, or "*": all that producers post
 *     owner: web
 *     why: Crawlers are no visitors.
 *     when: isBot(data.userAgent)
 *     effect: drop               # or high, normal, low
 *     tests:
 *       - data: { userAgent: Googlebot/2.1 }   # laid over the example of the type
 *         matches: true
 * ```
 * @param file as messages name it
 * @throws RulesError with everything that is wrong
 */
export function parseRules(text: string, definitions: readonly EventDefinition[], file: string): RuleSet {
  const problems: RuleProblem[] = []
  if (text.length > MAX_LENGTH)
    throw new RulesError(file, '', [
      { line: 1, column: 1, message: `A rule file has at most ${MAX_LENGTH} characters.` },
    ])
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false })
  const tell = (position: number, message: string) => {
    const { line, col } = lines.linePos(position)
    problems.push({ line, column: col, message })
  }
  for (const { pos, message } of document.errors) tell(pos[0], `This is not YAML: ${message}.`)
  // An alias of an alias of an alias can make a small file large.
  visit(document, {
    Alias: (_key, alias) => tell(alias.range?.[0] ?? 0, 'Aliases are not taken; write it out.'),
  })
  if (problems.length > 0) throw new RulesError(file, text, problems)

  const place = (path: readonly PropertyKey[]) => nodeAt(document.contents, path)
  const parsed = fileSchema.safeParse(document.toJS() ?? {})
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      const at = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0]!] : issue.path
      tell(place(at)?.range?.[0] ?? 0, explain(issue))
    }
    throw new RulesError(file, text, problems)
  }

  const known = new Map(definitions.map((definition) => [definition.type, definition]))
  const types = new Map<string, ValueType>()
  const names = new Set<string>()
  const rules = parsed.data.rules.map((raw, at): Rule => {
    const node = (...path: PropertyKey[]) => place(['rules', at, ...path])
    const startOf = (...path: PropertyKey[]) => node(...path)?.range?.[0] ?? 0
    if (names.has(raw.name)) tell(startOf('name'), `Two rules are called "${raw.name}".`)
    names.add(raw.name)
    const wanted =
      raw.type === '*'
        ? definitions.filter(({ origin }) => origin === 'producer').map(({ type }) => type)
        : [raw.type].flat()
    const conditions = new Map<string, Condition>()
    for (const [n, type] of wanted.entries()) {
      const definition = known.get(type)
      if (!definition) {
        const at = Array.isArray(raw.type) ? startOf('type', n) : startOf('type')
        tell(at, `There is no event type "${type}".${hintAt(type, known.keys())}`)
        continue
      }
      const data = types.get(type) ?? valueTypeOf(jsonSchemaOf(definition))
      types.set(type, data)
      try {
        conditions.set(type, compileCondition(raw.when, data))
      } catch (error) {
        if (!(error instanceof ExpressionError)) throw error
        const which = wanted.length > 1 ? ` For ${type}.` : ''
        tell(inScalar(text, node('when'), error.position), error.message + which)
        // What is wrong with the expression itself is wrong for every type.
        if (error.isSyntax) break
      }
    }
    const tests = raw.tests.flatMap((test, n): RuleTest[] => {
      const type = test.type ?? wanted[0]!
      const definition = known.get(type)
      if (!definition) return []
      if (!conditions.has(type)) {
        if (test.type !== undefined && !wanted.includes(type))
          tell(startOf('tests', n, 'type'), `The rule is not for "${type}".`)
        return []
      }
      const data = layOver(definition.example, test.data)
      const [error] = definition.validate(data) ?? []
      if (error)
        tell(
          startOf('tests', n),
          `The event of this test is not valid: ${error.pointer || '/'}: ${error.detail}`,
        )
      const { matches, event: attributes } = test
      return [{ type, data, attributes, matches, line: lines.linePos(startOf('tests', n)).line }]
    })
    const { name, owner, why, when } = raw
    return {
      name,
      owner,
      why,
      when,
      effect: raw.effect,
      conditions,
      tests,
      line: lines.linePos(startOf()).line,
    }
  })
  if (problems.length > 0) throw new RulesError(file, text, problems)
  return { version: createHash('sha256').update(text).digest('hex').slice(0, 12), text, rules }
}

/** It has to fit into a Kafka record, as JSON. */
const MAX_LENGTH = 512 * 1024

const name = z
  .string()
  .max(64)
  .regex(NAME_PATTERN, 'must be lower-case words with - between them, like long-delay')

const testSchema = z.strictObject({
  type: z.string().optional(),
  data: z.unknown().optional(),
  event: z
    .strictObject({
      id: z.string().optional(),
      source: z.string().optional(),
      subject: z.string().optional(),
      tenant: z.string().optional(),
      wish: z.enum(LANES).optional(),
    })
    .default({}),
  matches: z.boolean({ error: 'says whether the rule matches: true or false' }),
})

const fileSchema = z.strictObject({
  rules: z
    .array(
      z.strictObject({
        name,
        type: z.union([z.string(), z.array(z.string()).min(1)], {
          error: 'must be an event type, a list of them, or "*"',
        }),
        owner: z.string({ error: 'names the team to ask' }).min(1).max(64),
        why: z.string().max(512).optional(),
        when: z.string({ error: 'must be a condition, like data.delayDays >= 3' }).min(1).max(4096),
        effect: z.enum(['drop', ...LANES], { error: 'must be drop, high, normal or low' }),
        tests: z.array(testSchema).max(100).default([]),
      }),
      { error: 'must be a list' },
    )
    .max(1000),
})

function explain(issue: z.core.$ZodIssue): string {
  const at = issue.path.at(-1)
  if (issue.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys
    const known =
      issue.path.length === 0
        ? ['rules']
        : ['name', 'type', 'owner', 'why', 'when', 'effect', 'tests', 'data', 'event', 'matches']
    return `"${key}" is not known here.${hintAt(key, known)}`
  }
  return typeof at === 'string' ? `"${at}" ${issue.message}.` : `${issue.message}.`
}

/** The node at a path, or the last one on the way to it. For a key that is not known, the key. */
function nodeAt(root: Node | null, path: readonly PropertyKey[]): Node | undefined {
  let node: Node | null | undefined = root
  for (const part of path) {
    const items: readonly unknown[] = (node as { items?: readonly unknown[] } | null)?.items ?? []
    const next =
      typeof part === 'number'
        ? items[part]
        : items.map((item) => item as { key: Scalar; value: unknown }).find(({ key }) => key?.value === part)
    const value =
      typeof part === 'number' ? next : ((next as { value?: unknown } | undefined)?.value ?? undefined)
    if (!isNode(value) || isAlias(value)) return node ?? undefined
    node = value
  }
  return node ?? undefined
}

/** Where a position of a condition is in the file. Inside a folded or escaped string: where that begins. */
function inScalar(text: string, node: Node | undefined, position: number): number {
  const start = node?.range?.[0] ?? 0
  if (!isScalar(node)) return start
  const quote = node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE' ? 1 : 0
  const value = String(node.value)
  const at = start + quote
  if (text.startsWith(value, at)) return at + position
  if (node.type !== 'BLOCK_LITERAL') return start
  // The lines of a literal block are those of the value, further in.
  const before = value.slice(0, position).split('\n')
  let line = text.indexOf('\n', start) + 1
  for (let n = 1; n < before.length; n++) line = text.indexOf('\n', line) + 1
  const indent =
    /^ */.exec(text.slice(line))![0].length - /^ */.exec(value.split('\n')[before.length - 1]!)![0].length
  return line + indent + before.at(-1)!.length
}

/** `over` laid over `under`: members of objects one by one, anything else as a whole. */
function layOver(under: unknown, over: unknown): unknown {
  if (over === undefined) return under
  if (!isRecord(under) || !isRecord(over)) return over
  const members = Object.entries(over).map(([key, value]) => [key, layOver(under[key], value)])
  return { ...under, ...Object.fromEntries(members) }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
