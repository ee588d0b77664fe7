import type { EventTrace, Sighting, Standing, Whereabouts } from '@sluice/operations'
import type { Colors } from 'picocolors/types.js'
import { printable } from './printable.ts'

/** What `npm run where` says. @param now for how long until a copy is due; milliseconds since the epoch */
export function layoutWhereabouts(
  { events, undecodable }: Whereabouts,
  { now, colors }: { readonly now: number; readonly colors: Colors },
): string {
  const lines: string[] = []
  if (events.length > 1) {
    lines.push(`${events.length} events have this id; --source, --tenant and --type tell them apart.`, '')
  }
  for (const event of events) lines.push(...layoutTrace(event, '', now, colors), '')
  for (const { topic, partition, offset } of undecodable) {
    lines.push(`Holds the id, but no event that can be read: ${topic} ${partition} @ ${offset}`, '')
  }
  return lines.join('\n').trimEnd()
}

/** What to say when nothing was found, and how to look further. */
export function layoutNotFound(id: string, { searched }: Whereabouts): string {
  const { topics, offsets, since } = searched
  return (
    `Nothing has the id ${printable(id)} in ${offsets} records of ${topics} topics since ${time(since)} UTC.\n` +
    'Look further back with --since 7d, as far as Kafka keeps events. Was it accepted? Its answer said so.'
  )
}

/** The same as a JSON document; times as text. */
export function whereDocument({ events, undecodable, searched }: Whereabouts): object {
  return {
    events: events.map(traceDocument),
    undecodable,
    searched: { ...searched, since: new Date(searched.since).toISOString() },
  }
}

function layoutTrace(trace: EventTrace, indent: string, now: number, colors: Colors): string[] {
  const { type, id, tenant, source, receivedAt, causationId, correlationId } = trace
  const rest = `${indent}  `
  const lines = [
    `${indent}${colors.bold(type)}  ${printable(id)}  ${colors.dim(printable(`${source}, ${tenant}`))}`,
  ]
  if (indent === '') {
    if (receivedAt !== undefined) lines.push(`${rest}received   ${time(receivedAt)} UTC by the gateway`)
    if (causationId !== undefined) {
      lines.push(
        `${rest}follows    from ${printable(causationId)}, in the chain of ${printable(correlationId ?? causationId)}`,
      )
    }
  }
  for (const one of trace.seen) lines.push(`${rest}${after(one.at, receivedAt)}  ${layoutSighting(one)}`)
  for (const standing of trace.standings) lines.push(`${rest}${layoutStanding(standing, now, colors)}`)
  if (trace.standings.length === 0) lines.push(`${rest}${colors.dim('no service reads it')}`)
  for (const output of trace.outputs) lines.push(...layoutTrace(output, `${indent}    `, now, colors))
  return lines
}

function layoutSighting({
  role,
  topic,
  partition,
  offset,
  key,
  generation,
  target,
  hop,
  letter,
  outcome,
}: Sighting): string {
  const place = `${topic} ${partition} @ ${offset}`
  const again = generation === '' ? '' : `, by ${generation}${target === undefined ? '' : ` for ${target}`}`
  switch (role.kind) {
    case 'lane':
      return printable(`${place}, key ${key}${again}`)
    case 'retry':
      return printable(`${place}, copy ${hop}${again}`)
    case 'dead-letter': {
      const { reason, errorType, errorMessage, attempts = '?', replayCount } = letter!
      const replays = replayCount === 0 ? '' : `, redriven ${replayCount} times before`
      return printable(
        `${place}, ${reason} after ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}: ${errorType}: ${errorMessage}${replays}`,
      )
    }
    case 'outcomes':
      return printable(
        `${outcome!.outcome} by ${outcome!.by}${outcome!.reason === undefined ? '' : `, ${outcome!.reason}`}`,
      )
  }
}

function layoutStanding({ service, status, ahead, dueAt }: Standing, now: number, colors: Colors): string {
  switch (status) {
    case 'handled':
      return `${colors.green('handled')} by ${service}`
    case 'dead-letter':
      return `${colors.red('dead letter')} of ${service}`
    case 'waiting':
      return `${colors.yellow('waiting')} for ${service}, or in hand: ${ahead} before it are not committed`
    case 'retrying': {
      const rest =
        dueAt! > now
          ? `due in ${Math.ceil((dueAt! - now) / 1000)} s, at ${time(dueAt!)} UTC`
          : 'due now, or in hand'
      return `${colors.yellow('retrying')} by ${service}: ${rest}`
    }
    case 'unknown':
      return `${service}: its record for ${service} was not found; it may be older than was searched`
  }
}

/** How long after the gateway took the first event of the chain. */
function after(at: number, receivedAt: number | undefined): string {
  const ms = receivedAt === undefined ? undefined : at - receivedAt
  if (ms === undefined || Number.isNaN(ms)) return time(at)
  const text = ms < 10_000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`
  return `+${text}`.padStart(8)
}

function traceDocument(trace: EventTrace): object {
  const { receivedAt, seen, standings, outputs, ...rest } = trace
  return {
    ...rest,
    ...(receivedAt !== undefined && { received: isoOf(receivedAt) }),
    seen: seen.map(
      ({ role, at, topic, partition, offset, key, hop, generation, target, letter, outcome }) => ({
        kind: role.kind,
        time: isoOf(at),
        ...(receivedAt !== undefined && { sinceReceivedMs: at - receivedAt }),
        ...{ topic, partition, offset, key },
        ...(hop > 0 && { hop }),
        ...(generation !== '' && { generation }),
        ...(target !== undefined && { target }),
        ...('service' in role && { service: role.service }),
        ...(role.kind === 'retry' && { due: isoOf(at + role.delayMs) }),
        ...(letter && { letter }),
        ...(outcome && { by: outcome.by, outcome: outcome.outcome, reason: outcome.reason }),
      }),
    ),
    standings: standings.map(({ dueAt, ...one }) => ({
      ...one,
      ...(dueAt !== undefined && { due: isoOf(dueAt) }),
    })),
    outputs: outputs.map(traceDocument),
  }
}

function isoOf(at: number): string | null {
  return Number.isNaN(at) ? null : new Date(at).toISOString()
}

/** UTC, to the millisecond. */
function time(at: number): string {
  return isoOf(at)?.slice(0, 23).replace('T', ' ') ?? '–'
}
