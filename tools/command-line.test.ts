import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

it.each(['doctor', 'topics', 'demo', 'tail', 'where', 'dlq', 'replay'])(
  '%s names an unknown option and shows its help',
  (command) => {
    const script = fileURLToPath(new URL(`./${command}.ts`, import.meta.url))
    const { status, stderr } = spawnSync(process.execPath, [script, '--bogus'], { encoding: 'utf8' })
    expect(status).toBe(2)
    expect(stderr).toContain("Unknown option '--bogus'")
    expect(stderr).toContain(`npm run ${command}`)
    expect(stderr).not.toContain('    at ')
  },
)

it.each(['abc', '0', '1.5', ''])('topics takes no replication factor of "%s"', (value) => {
  const script = fileURLToPath(new URL('./topics.ts', import.meta.url))
  const args = [script, '--dry-run', `--replication-factor=${value}`]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  expect(stderr).toContain('--replication-factor must be')
})
