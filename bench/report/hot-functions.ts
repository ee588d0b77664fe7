import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'

/** The parts of a V8 CPU profile that are read here. Times in microseconds. */
export type CpuProfile = {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

export type HotFunction = { readonly name: string; readonly percent: number }

/**
 * The functions with the most time of their own, in percent of the time that was not idle.
 *
 * @param skip seconds from the start that do not count, in which a process loads and compiles itself
 */
export function findHotFunctions(
  { nodes, samples, timeDeltas }: CpuProfile,
  { count, skip }: { readonly count: number; readonly skip: number },
): HotFunction[] {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]))
  const times = new Map<string, number>()
  let passed = 0
  let busy = 0
  for (const [index, id] of samples.entries()) {
    passed += timeDeltas[index]!
    if (passed <= skip * 1_000_000) continue
    const name = names.get(id)!
    if (name === '(idle)' || name === '(program)') continue
    busy += timeDeltas[index]!
    times.set(name, (times.get(name) ?? 0) + timeDeltas[index]!)
  }
  return [...times]
    .sort(([, a], [, b]) => b - a)
    .slice(0, count)
    .map(([name, time]) => ({ name, percent: (time / busy) * 100 }))
}

function nameOf({ functionName, url, lineNumber }: CpuProfile['nodes'][number]['callFrame']): string {
  const name = functionName || '(anonymous)'
  return url === '' ? name : `${name} ${url.split('/').slice(-3).join('/')}:${lineNumber + 1}`
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    options: { skip: { type: 'string', default: '0' } },
    allowPositionals: true,
  })
  for (const file of positionals) {
    console.log(file)
    const profile = JSON.parse(readFileSync(file, 'utf8')) as CpuProfile
    for (const { name, percent } of findHotFunctions(profile, { count: 10, skip: Number(values.skip) })) {
      console.log(`${percent.toFixed(1).padStart(5)} %  ${name}`)
    }
  }
}
