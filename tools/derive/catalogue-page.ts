import { type CatalogueEntry, laneTopic } from '@sluice/events'

/** `docs/event-types.md`: every type of the catalogue, who owns it, who reads it, and what is personal in it. */
export function cataloguePage(entries: readonly CatalogueEntry[]): string {
  return `# Event types

Derived from the catalogue in \`packages/events\`: \`npm run derive\`. \`GET /v1/types/{type}\` has the schemas.
\`npm run new\` adds a type or a service.

| type | from | owner | lanes, the default first | key of the example | retry | kept | services | personal data |
|---|---|---|---|---|---|---|---|---|
${entries.map(row).join('\n')}

A lane is a topic: \`${laneTopic('order-placed', 'high')}\`. Dead letters are kept at least 30 days. Personal data is
redacted wherever data is logged or shown.
`
}

function row({ definition, services }: CatalogueEntry): string {
  const { type, origin, owner, lanes, defaultPriority, retry, retryDelays, retentionDays, pii } = definition
  const others = lanes.filter((lane) => lane !== defaultPriority)
  const cells = [
    code(type),
    origin === 'producer' ? 'producers' : 'other events',
    owner,
    [defaultPriority, ...others].join(', '),
    code(definition.key(definition.example)),
    retry === 'ordered' ? 'in place' : `after ${retryDelays.join(', ')}`,
    retentionDays === 1 ? '1 day' : `${retentionDays} days`,
    services.map(code).join(', ') || '–',
    pii.map(code).join(', ') || '–',
  ]
  return `| ${cells.join(' | ')} |`
}

function code(text: string): string {
  return `\`${text.replaceAll('|', '\\|')}\``
}
