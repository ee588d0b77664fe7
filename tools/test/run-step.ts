import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { countReport, type TestReport } from './summary.ts'

/** A command of the test run; with `report`, where it writes vitest's JSON report. */
export type Step = {
  readonly name: string
  readonly file: string
  readonly args: readonly string[]
  readonly report?: string
}

export type StepResult = {
  readonly name: string
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly seconds: number
}

/** Runs a step with our terminal and counts what came out. Never rejects. */
export async function runStep(step: Step, cwd: string): Promise<StepResult> {
  const { name, report } = step
  if (report !== undefined) {
    mkdirSync(dirname(report), { recursive: true })
    rmSync(report, { force: true }) // an old report must not speak for this run
  }
  const started = performance.now()
  const succeeded = await run(step, cwd)
  const seconds = (performance.now() - started) / 1000
  if (report === undefined) {
    return { name, passed: succeeded ? 1 : 0, failed: succeeded ? 0 : 1, skipped: 0, seconds }
  }
  return { name, ...countReport(read(report), succeeded), seconds }
}

function run({ file, args }: Step, cwd: string): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(file, [...args], { cwd, stdio: 'inherit' })
    child.on('error', (error) => {
      console.error(error.message)
      resolve(false)
    })
    child.on('exit', (code) => resolve(code === 0))
  })
}

function read(path: string): TestReport | undefined {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as TestReport) : undefined
}
