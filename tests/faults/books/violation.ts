/** A promise that was broken: which, how, and for whom. */
export type Violation = {
  readonly invariant: `I${number}`
  readonly message: string
  /** The events, by `source id`, or whatever else it is about. All of them. */
  readonly ids: readonly string[]
}

const SHOWN = 5

/** None when there are no ids. */
export function violation(
  invariant: Violation['invariant'],
  what: string,
  ids: readonly string[],
): Violation[] {
  if (ids.length === 0) return []
  const more = ids.length > SHOWN ? `, and ${ids.length - SHOWN} more` : ''
  return [
    {
      invariant,
      message: `${invariant}: ${what} (${ids.length}): ${ids.slice(0, SHOWN).join(', ')}${more}`,
      ids,
    },
  ]
}
