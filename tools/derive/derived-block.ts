/** The lines that a file by hand has around what is derived, as they stand there. */
export type BlockMarks = { readonly begin: string; readonly end: string }

/**
 * A file by hand with its one derived block written anew. `lines` stand between the marks, as far from the left as
 * the first mark does.
 * @throws when a mark is not there exactly once, or the last one stands before the first.
 */
export function replaceBlock(text: string, { begin, end }: BlockMarks, lines: readonly string[]): string {
  const all = text.split('\n')
  const first = lineOf(all, begin)
  const last = lineOf(all, end)
  if (last < first) throw new Error(`"${end}" stands before "${begin}".`)
  const margin = /^ */.exec(all[first]!)![0]
  const block = lines.map((line) => (line === '' ? '' : margin + line))
  return [...all.slice(0, first + 1), ...block, ...all.slice(last)].join('\n')
}

function lineOf(lines: readonly string[], mark: string): number {
  const found = lines.flatMap((line, index) => (line.trim() === mark ? [index] : []))
  if (found.length !== 1)
    throw new Error(`The line "${mark}" must stand there once, not ${found.length} times.`)
  return found[0]!
}
