import { spawn } from 'node:child_process'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { findJava, LocalKafkaError } from '@sluice/testing'
import type { TestReport } from '../test/summary.ts'
import { countSurefire } from './count-surefire.ts'

/**
 * The flood guard's own tests: `test-topology.ts <report>`. Maven runs them, without a network where it has all it needs;
 * what it says is shown only when they fail. The report is in the form of vitest's, so that `npm test` counts it. A machine
 * without Maven or Java tests nothing here, and says so.
 */
const HOME = fileURLToPath(new URL('../../streams/flood-guard', import.meta.url))
const REPORTS = join(HOME, 'target', 'surefire-reports')
const [report = join(HOME, 'target', 'report.json')] = process.argv.slice(2)

const obstacle = await whyNoMaven()
if (obstacle === undefined) process.exitCode = await testTopology()
else {
  console.log(`The flood guard's topology is not tested. ${obstacle}`)
  await write({ passed: 0, failed: 0, skipped: 1 })
}

async function testTopology(): Promise<number> {
  await rm(REPORTS, { recursive: true, force: true })
  let run = await maven(['-B', '-o', 'test'])
  if (run.code !== 0 && run.lines.some((line) => line.includes('offline mode'))) {
    console.log('Fetching what the tests need with Maven, once.')
    run = await maven(['-B', 'test'])
  }
  if (run.code !== 0) console.log(run.lines.filter((line) => !/Download(ing|ed)/.test(line)).join('\n'))
  const files = await readdir(REPORTS).catch(() => [])
  const suites = files.filter((file) => file.endsWith('.xml'))
  await write(countSurefire(await Promise.all(suites.map((file) => readFile(join(REPORTS, file), 'utf8')))))
  return run.code
}

function maven(
  args: readonly string[],
): Promise<{ readonly code: number; readonly lines: readonly string[] }> {
  // A run is over before Java's optimising compiler would pay.
  const env = { MAVEN_OPTS: '-XX:TieredStopAtLevel=1 -XX:+UseSerialGC', ...process.env }
  const child = spawn('mvn', [...args, '-f', join(HOME, 'pom.xml')], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const lines: string[] = []
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on('line', (line) => lines.push(line))
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code: code ?? 1, lines }))
  })
}

async function whyNoMaven(): Promise<string | undefined> {
  try {
    await findJava()
    await maven(['-B', '--version'])
    return undefined
  } catch (error) {
    if (error instanceof LocalKafkaError) return error.message
    return '"mvn" does not run. Install Maven 3.8 or newer, and a JDK 17.'
  }
}

function write({ passed, failed, skipped }: ReturnType<typeof countSurefire>): Promise<void> {
  const counts: TestReport = {
    numPassedTests: passed,
    numFailedTests: failed,
    numPendingTests: skipped,
    numTodoTests: 0,
    testResults: [],
  }
  return writeFile(report, JSON.stringify(counts))
}
