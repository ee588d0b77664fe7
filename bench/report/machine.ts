import { execFile } from 'node:child_process'
import { arch, cpus, release, totalmem } from 'node:os'
import { promisify } from 'node:util'

/** What the figures depend on beside the code. */
export type Machine = {
  readonly cpu: string
  readonly cores: number
  readonly memoryGb: number
  readonly os: string
  readonly node: string
  readonly kafka: string
  readonly brokerHeapMb: number
}

export function describeMachine(kafka: string, brokerHeapMb: number): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    os: `${process.platform} ${release()} ${arch()}`,
    node: process.version,
    kafka,
    brokerHeapMb,
  }
}

/** The checked-out commit, and whether the tree differs from it. */
export async function describeCommit(root: string): Promise<{ commit: string; dirty: boolean }> {
  const git = async (...args: string[]) =>
    (await promisify(execFile)('git', args, { cwd: root })).stdout.trim()
  try {
    return {
      commit: await git('rev-parse', '--short=10', 'HEAD'),
      dirty: (await git('status', '--porcelain')) !== '',
    }
  } catch {
    return { commit: 'unknown', dirty: true }
  }
}
