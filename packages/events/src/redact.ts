import type { EventDefinition } from './define-event.ts'

/** What stands in place of personal data. */
export const REDACTED = '[redacted]'

/**
 * The data of an event as people may see it: whatever the definition's `pii` leads to is {@link REDACTED}, also where it
 * is an object or an array. The rest is as it was; the given data is not changed. Takes any data, valid or not: a dead
 * letter's is often not. A pointer that leads nowhere is no error.
 *
 * Not guaranteed: personal data in a field that `pii` does not name, like a note that somebody typed.
 */
export function redact(definition: Pick<EventDefinition, 'pii'>, data: unknown): unknown {
  return definition.pii.reduce((seen, pointer) => redactAt(seen, toSteps(pointer)), data)
}

function toSteps(pointer: string): string[] {
  return pointer
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function redactAt(value: unknown, [step, ...rest]: readonly string[]): unknown {
  if (step === undefined) return REDACTED
  if (typeof value !== 'object' || value === null) return value
  const matches = (name: string) => step === '*' || name === step
  if (Array.isArray(value)) {
    return value.map((element, index) => (matches(String(index)) ? redactAt(element, rest) : element))
  }
  // Not by assignment: a member may be called __proto__.
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, matches(name) ? redactAt(member, rest) : member]),
  )
}
