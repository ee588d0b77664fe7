import { LANES } from '@sluice/events'
import type { Colors } from 'picocolors/types.js'
import type { TypeSummary } from './measure.ts'
import type { ProcessState } from './processes.ts'

/** A line of the screen's process table. */
export type ProcessRow = {
  readonly name: string
  readonly pid: number | undefined
  readonly state: ProcessState
  readonly restarts: number
  readonly admin: string | undefined
}

export type ScreenContent = {
  readonly upSeconds: number
  readonly ingest: string
  readonly brokers: string
  /** How that Kafka is run: `local JVM`. */
  readonly brokerKind: string
  readonly logs: string
  readonly processes: readonly ProcessRow[]
  readonly types: readonly TypeSummary[]
}

/** Stands for a number that nobody knows now. */
const UNKNOWN = '–'

/** The status screen as text. Pure; without colours its columns line up. */
export function layoutScreen(content: ScreenContent, colors: Colors): string {
  const { bold, dim } = colors
  return [
    `${bold('Sluice')} has been running for ${formatDuration(content.upSeconds)}. Ctrl-C stops everything.`,
    '',
    `  Ingest   ${bold(`${content.ingest}/v1/events`)}`,
    `  Kafka    ${content.brokers} ${dim(`(${content.brokerKind})`)}`,
    `  Logs     ${content.logs}`,
    '',
    ...indent(processTable(content.processes, colors)),
    '',
    ...indent(typeTable(content.types, colors)),
    '',
    '  Try it:',
    ...indent(sampleRequest(content.ingest)),
  ].join('\n')
}

/** One line for logs and pipes. */
export function layoutLine(upSeconds: number, types: readonly TypeSummary[]): string {
  const sum = (pick: (type: TypeSummary) => number | undefined) => add(types.map(pick))
  const lanes = LANES.map((lane) => `${lane} ${rate(sum((type) => type.inPerSecond?.[lane]))}`).join(', ')
  return [
    `${formatDuration(upSeconds)}: ${rate(sum((type) => sumLanes(type.inPerSecond)))} events/s in (${lanes})`,
    `${rate(sum((type) => type.handledPerSecond))}/s handled`,
    `lag ${sum((type) => sumLanes(type.lag)) ?? UNKNOWN}`,
    `filtered ${sum((type) => type.filtered)}`,
    `rejected ${sum((type) => type.rejected)}`,
    `dead letters ${sum((type) => type.deadLetters)}`,
  ].join(', ')
}

/** A request that a reader can paste into a shell. */
export function sampleRequest(ingest: string): string[] {
  const event = { type: 'payment-failed', data: PAYMENT }
  return [
    `curl -i ${ingest}/v1/events -H 'content-type: application/json' \\`,
    `  -d '${JSON.stringify(event)}'`,
  ]
}

export function formatDuration(seconds: number): string {
  const whole = Math.floor(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
}

const PAYMENT = {
  paymentId: 'p-1',
  orderId: 'o-1',
  customer: { id: 'c-1', email: 'ada@example.com' },
  amount: { amount: 4990, currency: 'EUR' },
  reason: 'declined',
  attempt: 1,
}

function processTable(processes: readonly ProcessRow[], colors: Colors): string[] {
  const rows = processes.map((row) => [
    row.name,
    row.pid === undefined ? UNKNOWN : String(row.pid),
    row.admin ?? '',
    row.restarts === 0 ? row.state : `${row.state}, restarted ${row.restarts}×`,
  ])
  const lines = table(['process', 'pid', 'admin', 'state'], rows, ['left', 'right', 'left', 'left'])
  return lines.map((line, index) => {
    if (index === 0) return colors.dim(line)
    return processes[index - 1]!.state === 'ready' ? line : colors.yellow(line)
  })
}

function typeTable(types: readonly TypeSummary[], colors: Colors): string[] {
  const rows = types.map((summary) => [
    summary.type,
    ...LANES.map((lane) => rate(summary.inPerSecond?.[lane])),
    rate(summary.handledPerSecond),
    String(sumLanes(summary.lag) ?? UNKNOWN),
    latency(summary.p50Seconds),
    latency(summary.p99Seconds),
    String(summary.filtered),
    String(summary.rejected),
    String(summary.deadLetters),
  ])
  const head = ['events/s', ...LANES, 'handled', 'lag', 'p50', 'p99', 'filtered', 'rejected', 'dead']
  const lines = table(head, rows, ['left', ...head.slice(1).map(() => 'right' as const)])
  return lines.map((line, index) => {
    if (index === 0) return colors.dim(line)
    return types[index - 1]!.deadLetters > 0 ? colors.red(line) : line
  })
}

function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  align: readonly ('left' | 'right')[],
): string[] {
  const all = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]!.length)))
  return all.map((row) =>
    row
      .map((cell, column) =>
        align[column] === 'right' ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
      )
      .join('  ')
      .trimEnd(),
  )
}

function sumLanes(lanes: TypeSummary['lag']): number | undefined {
  return lanes && add(LANES.map((lane) => lanes[lane]))
}

/** A sum is not known when a part of it is not. */
function add(values: readonly (number | undefined)[]): number | undefined {
  return values.reduce<number | undefined>(
    (sum, value) => (sum === undefined || value === undefined ? undefined : sum + value),
    0,
  )
}

function rate(value: number | undefined): string {
  if (value === undefined) return UNKNOWN
  return value >= 100 ? String(Math.round(value)) : value.toFixed(1)
}

function latency(seconds: number | undefined): string {
  if (seconds === undefined) return UNKNOWN
  return seconds < 1 ? `${Math.max(1, Math.round(seconds * 1000))} ms` : `${seconds.toFixed(1)} s`
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`)
}
