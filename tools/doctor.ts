import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readOptions } from './command-line.ts'
import { type Finding, findProblems } from './doctor/checks.ts'

// Imports nothing but Node's own modules and files beside it: it runs before anything is installed.

const HELP = `Checks whether this machine can run Sluice, and says what to do where it cannot.

  npm run doctor -- [--json]

Ends with 1 if something prevents a start.`

const values = readOptions(
  { json: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h' } },
  HELP,
)

if (values.help) console.log(HELP)
else {
  const root = dirname(dirname(fileURLToPath(import.meta.url)))
  const findings = await findProblems({ root, env: process.env })
  const prevented = findings.some(({ level }) => level === 'fix')
  if (values.json) console.log(JSON.stringify({ ok: !prevented, findings }))
  else print(findings, prevented)
  process.exitCode = prevented ? 1 : 0
}

function print(findings: readonly Finding[], prevented: boolean): void {
  const width = Math.max(...findings.map(({ name }) => name.length))
  for (const { name, level, detail, remedy } of findings) {
    console.log(`${level.padEnd(4)}  ${name.padEnd(width)}  ${detail}`)
    if (remedy !== undefined) console.log(`${' '.repeat(width + 8)}→ ${remedy}`)
  }
  console.log(prevented ? '\nSluice cannot start yet.' : '\nSluice can start: npm start')
}
