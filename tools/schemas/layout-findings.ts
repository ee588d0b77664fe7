import type { Finding } from './compare-releases.ts'

/** Findings for people: what breaks first, each in three lines. */
export function layoutFindings(findings: readonly Finding[], released: number): string {
  const breaking = findings.filter(({ severity }) => severity === 'breaking')
  const notices = findings.filter(({ severity }) => severity === 'notice')
  const summary =
    breaking.length === 0
      ? `${released} released types: nothing breaks.`
      : `${breaking.length} breaking ${breaking.length === 1 ? 'change' : 'changes'} in ${released} released types. A change that breaks is a new type.`
  return [...breaking, ...notices].map(layout).concat(summary).join('\n')
}

function layout({ type, pointer, severity, breaks, change, todo }: Finding): string {
  const where = pointer === '' ? type : `${type} ${pointer}`
  const whom = severity === 'breaking' ? `breaks ${breaks.join(' and ')}` : 'compatible'
  return `${where}: ${change}\n  ${whom}\n  ${todo}`
}
