import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { catalogue } from '@sluice/events'
import { parseCommandLine, UsageError } from './command-line.ts'
import { compareReleases, type Finding, releasePath } from './schemas/compare-releases.ts'
import { layoutFindings } from './schemas/layout-findings.ts'
import { releaseOf } from './schemas/release.ts'
import { readReleases, writeRelease } from './schemas/released-files.ts'

const HELP = `Keeps changes of event types from breaking who posts and who reads them. What was released stands in
${releasePath('<type>')}, and is compared with the definitions of this tree.

  npm run schemas -- check              names each change that breaks somebody, whom, and what to do instead
  npm run schemas -- release [<type>…]  writes what is to be relied on from now on: all types, or these

  --json    prints JSON
  --help    this text

A type that was never released may change freely. The unit tests make the same check. Ends with 0, with 1 if something
breaks (then nothing is released), with 2 if the command cannot be followed.`

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const definitions = catalogue.map(({ definition }) => definition)

try {
  process.exitCode = main(process.argv.slice(2))
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = error instanceof UsageError ? 2 : 1
}

function main(args: readonly string[]): number {
  const { values, positionals } = parseCommandLine(
    args,
    { json: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h' } },
    HELP,
  )
  const [command, ...types] = positionals
  if (values.help) {
    console.log(HELP)
    return 0
  }
  if (command === 'check' && types.length === 0) return check(values.json)
  if (command === 'release') return release(types, values.json)
  const what =
    command === undefined ? 'What is to be done?' : `"${positionals.join(' ')}" cannot be followed.`
  throw new UsageError(`${what}\n\n${HELP}`)
}

function check(json: boolean): number {
  const releases = readReleases(ROOT)
  const findings = compareReleases(releases, definitions)
  if (json) console.log(JSON.stringify({ ok: !breaks(findings), findings }))
  else console.log(layoutFindings(findings, releases.length))
  return breaks(findings) ? 1 : 0
}

function release(types: readonly string[], json: boolean): number {
  const unknown = types.find((type) => !definitions.some((definition) => definition.type === type))
  if (unknown !== undefined) {
    throw new UsageError(
      `There is no event type "${unknown}". There are ${definitions.map(({ type }) => type).join(', ')}.`,
    )
  }
  const wanted = definitions.filter(({ type }) => types.length === 0 || types.includes(type))
  // A type that is gone counts only where all are released.
  const concerned = readReleases(ROOT).filter(({ type }) => types.length === 0 || types.includes(type))
  const findings = compareReleases(concerned, definitions)
  if (breaks(findings)) {
    if (json) console.log(JSON.stringify({ ok: false, findings }))
    else console.error(`${layoutFindings(findings, concerned.length)}\nNothing was released.`)
    return 1
  }
  for (const definition of wanted) writeRelease(ROOT, releaseOf(definition))
  const released = wanted.map(({ type, version }) => ({ type, version, path: releasePath(type) }))
  if (json) console.log(JSON.stringify({ ok: true, released, findings }))
  else for (const { type, version, path } of released) console.log(`${type} ${version}: ${path}`)
  return 0
}

function breaks(findings: readonly Finding[]): boolean {
  return findings.some(({ severity }) => severity === 'breaking')
}
