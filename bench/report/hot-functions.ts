import { readFileSync } from 'node:fs'

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

/** The functions with the most time of their own, in percent of the time that was not idle. */
export function findHotFunctions({ nodes, samples, timeDeltas }: CpuProfile, count: number): HotFunction[] {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]))
  const times = new Map<string, number>()
  let busy = 0
  for (const [index, id] of samples.entries()) {
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
  for (const file of process.argv.slice(2)) {
    console.log(file)
    for (const { name, percent } of findHotFunctions(
      JSON.parse(readFileSync(file, 'utf8')) as CpuProfile,
      10,
    )) {
      console.log(`${percent.toFixed(1).padStart(5)} %  ${name}`)
    }
  }
}
