import { readFile } from 'node:fs/promises'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { catalogue, RULES_TOPIC } from '@sluice/events'
import type { IncomingRecord } from '@sluice/kafka'
import { readSpan, spanOf, tryRules } from '@sluice/operations'
import { decodePublishedRules, parseRules, RULES_KEY, type RuleSet, runRuleTests } from '@sluice/rules'
import { UsageError } from './command-line.ts'
import { askGateway } from './operate/ask-gateway.ts'
import { layoutActiveRules, type ShownRules } from './operate/layout-active-rules.ts'
import { layoutRuleTests, layoutTriedRules, triedRulesDocument } from './operate/layout-rules.ts'
import { createProgress } from './operate/progress.ts'
import { parseRulesCommand, RULES_HELP, type RulesCommand } from './operate/rules-options.ts'
import { type Operation, runOperation } from './operate/run-operation.ts'

const OWN_FILE = fileURLToPath(new URL('../services/gateway/rules.yaml', import.meta.url))
const definitions = catalogue.map(({ definition }) => definition)

try {
  const context = { now: Date.now(), entries: catalogue, env: process.env, ownFile: OWN_FILE }
  const command = parseRulesCommand(process.argv.slice(2), context)
  await follow(command)
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = error instanceof UsageError ? 2 : 1
}

async function follow(command: RulesCommand): Promise<void> {
  switch (command.command) {
    case 'help':
      console.log(RULES_HELP)
      return
    case 'test': {
      const set = await readRules(command.file)
      const result = runRuleTests(set)
      const { passed, failed } = result
      if (command.json)
        console.log(
          JSON.stringify({ version: set.version, rules: set.rules.length, passed, failed: failed.length }),
        )
      else console.log(layoutRuleTests(nameOf(command.file), set, result))
      process.exitCode = failed.length === 0 ? 0 : 1
      return
    }
    case 'dry-run': {
      // What is wrong with the files is said before Kafka is looked for.
      const after = await readRules(command.file)
      const against = command.against === undefined ? undefined : await readRules(command.against)
      return runOperation('rules', (operation) => dryRun(command, after, against, operation))
    }
    case 'show': {
      const rules = await askGateway<ShownRules>(command, 'GET', '/v1/rules')
      console.log(command.json ? JSON.stringify(rules) : layoutActiveRules(rules))
      return
    }
    case 'publish': {
      const { file, by, why } = command
      const set = await readRules(file)
      const { failed } = runRuleTests(set)
      if (failed.length > 0) throw new Error(layoutRuleTests(nameOf(file), set, { passed: 0, failed }))
      await askGateway(command, 'PUT', '/v1/rules', { text: set.text, by, why })
      console.log(
        `Published ${set.version}: in force at every gateway within a second. npm run rules -- withdraw ends it.`,
      )
      return
    }
    case 'withdraw': {
      const { by, why } = command
      await askGateway(command, 'DELETE', `/v1/rules?${new URLSearchParams({ by, why })}`)
      console.log('Withdrawn: each gateway goes back to its own file within a second.')
    }
  }
}

async function dryRun(
  { since, types, json }: Extract<RulesCommand, { command: 'dry-run' }>,
  after: RuleSet,
  against: RuleSet | undefined,
  operation: Operation,
): Promise<number> {
  const { client, signal } = operation
  const before = against ?? (await readPublished(operation)) ?? (await readRules(OWN_FILE))
  const progress = createProgress()
  const begun = performance.now()
  const tried = await tryRules({
    ...{ client, entries: catalogue, before, after, types, since, signal },
    onProgress: (done, total) => progress.show('judging', done, total),
  })
  progress.end()
  const seconds = (performance.now() - begun) / 1000
  console.log(
    json ? JSON.stringify(triedRulesDocument(tried, since)) : layoutTriedRules(tried, since, seconds),
  )
  return 0
}

/** What is published for all gateways, if anything is. */
async function readPublished({ client, signal }: Operation): Promise<RuleSet | undefined> {
  const admin = await client.admin()
  const span = await spanOf(admin, [RULES_TOPIC]).finally(() => admin.close())
  const reader = client.reader({ name: 'rules' })
  const published: (Buffer | null)[] = []
  const collect = ({ key, value }: IncomingRecord) => {
    if (key?.toString() === RULES_KEY) published.push(value)
  }
  await readSpan(reader, span, collect, { signal }).finally(() => reader.close())
  const value = published.at(-1)
  return value ? parseRules(decodePublishedRules(value).text, definitions, RULES_TOPIC) : undefined
}

/** @throws Error with everything that is wrong with it */
async function readRules(file: string): Promise<RuleSet> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    throw new Error(`The rules cannot be read: ${(error as Error).message}`)
  }
  return parseRules(text, definitions, nameOf(file))
}

function nameOf(file: string): string {
  return relative('.', file) || file
}
