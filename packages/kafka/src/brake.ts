/** What one partition has in hand. */
export type Load = {
  /** Records that were fetched and are not finished, and their bytes. */
  readonly unfinished: number
  readonly unfinishedBytes: number
  /** Offsets that are finished and cannot be committed, because an earlier one is not. */
  readonly held: number
}

/**
 * Whether a partition must not be fetched any more. The first two limits bound memory. The third is the brake: behind
 * one record that does not come to its end the others finish and cannot be committed, and all of them would be handled
 * again if the process died now.
 */
export function isOver(load: Load, limits: Load): boolean {
  return (
    load.unfinished >= limits.unfinished ||
    load.unfinishedBytes >= limits.unfinishedBytes ||
    isHeld(load, limits)
  )
}

/** Whether it may be fetched again: well below, so that it is not stopped again at once. */
export function isUnder(load: Load, limits: Load): boolean {
  return (
    load.unfinished <= limits.unfinished / 2 &&
    load.unfinishedBytes <= limits.unfinishedBytes / 2 &&
    load.held <= limits.held / 2
  )
}

/** Whether it is the brake that stops it, not a mere backlog: one record holds back what came after it. */
export function isHeld(load: Load, limits: Load): boolean {
  return load.held >= limits.held
}
