import { readFileSync } from 'node:fs'
import { bySystem, type Figure, formatNumber, spreadOfFigure } from './figures.ts'
import type { BenchResults, RunResult } from './result.ts'
import type { Spread } from './spread.ts'

export const THEMES = {
  light: { text: '#1f2328', muted: '#59636e', ours: '#0b7a75', theirs: '#b9ab8e', spread: '#1f2328' },
  dark: { text: '#f0f6fc', muted: '#9198a1', ours: '#2aa9a1', theirs: '#7d735d', spread: '#f0f6fc' },
} as const
export type Theme = keyof typeof THEMES

type Panel = {
  readonly title: string
  readonly subtitle: string
  readonly scenario: RunResult['scenario']
  readonly of: Figure['of']
  readonly label: (value: number) => string
}

/**
 * What the bench is about, a panel each. Rates are those that last: what a system has not finished when the posting
 * ends counts with the time that it still takes, which is kinder to one that falls behind.
 */
const PANELS: readonly Panel[] = [
  {
    scenario: 'A',
    title: 'Batches of 100',
    subtitle: 'events/s end to end, sustained; more is better',
    of: (run) => run.drainedPerSecond,
    label: (value) => Math.round(value).toLocaleString('en'),
  },
  {
    scenario: 'D',
    title: 'High lane under a flood of low batches',
    subtitle: 'p99 from post to output; less is better',
    of: (run) => run.endToEnd.high?.p99,
    label: duration,
  },
  {
    scenario: 'B',
    title: 'Single events, 64 connections',
    subtitle: 'events/s end to end, sustained; more is better',
    of: (run) => run.drainedPerSecond,
    label: (value) => Math.round(value).toLocaleString('en'),
  },
  {
    scenario: 'C',
    title: 'All lanes at 1,000 events/s',
    subtitle: 'p99 from post to output; less is better',
    of: (run) => run.endToEnd.all?.p99,
    label: duration,
  },
]

const COLUMNS = 2
const PANEL_WIDTH = 400
const PANEL_GAP = 40
const TOP = 8
const LABEL_WIDTH = 80
const VALUE_WIDTH = 70
const BAR_WIDTH = PANEL_WIDTH - LABEL_WIDTH - VALUE_WIDTH
const BAR_HEIGHT = 20
const BAR_DISTANCE = 28
const HEAD_HEIGHT = 46
/** A spread that is shorter would be a blot. */
const SHORTEST_LINE = 4
const WIDTH = COLUMNS * PANEL_WIDTH + (COLUMNS - 1) * PANEL_GAP
const FONT = "-apple-system, BlinkMacSystemFont, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif"

/**
 * The results as an SVG with a panel of bars per scenario, Sluice and the baseline: the median of the runs, and a
 * line from the lowest to the highest. Bars begin at zero; the panels' scales differ. A picture per theme, because
 * one that follows the system's setting is unreadable for whoever has chosen another one on the page around it.
 */
export function drawPicture(results: BenchResults, theme: Theme): string {
  const panels = PANELS.map((panel) => ({ panel, rows: rowsOf(panel, results.runs) })).filter(
    ({ rows }) => rows.length > 0,
  )
  const body: string[] = []
  let y = TOP
  for (let at = 0; at < panels.length; at += COLUMNS) {
    const beside = panels.slice(at, at + COLUMNS)
    for (const [column, { panel, rows }] of beside.entries()) {
      body.push(...drawPanel(panel, rows, column * (PANEL_WIDTH + PANEL_GAP), y, theme))
    }
    y += HEAD_HEIGHT + Math.max(...beside.map(({ rows }) => rows.length)) * BAR_DISTANCE + 20
  }
  const { machine, runs } = results
  const times = Math.max(0, ...runs.map(({ run }) => run))
  const caption = `${times === 1 ? 'One run' : `Median of ${times} runs, lines from lowest to highest`}; ${machine.cores} cores, everything on one machine; commit ${results.commit}, ${results.date.slice(0, 10)}`
  body.push(text(0, y + 6, caption, `font-size="12" fill="${THEMES[theme].muted}"`))
  const height = y + 16
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="${FONT}" role="img" aria-label="${escapeXml(describe(panels))}">`,
    ...body,
    '</svg>\n',
  ].join('\n')
}

type Row = { readonly system: string; readonly spread: Spread }

/** One size of each: how Sluice grows is a table of its own. */
const SHOWN: readonly string[] = ['sluice', 'monolith']

function rowsOf({ scenario, of }: Panel, runs: readonly RunResult[]): Row[] {
  const shown = runs.filter((run) => run.scenario === scenario && SHOWN.includes(run.system))
  return bySystem(shown).flatMap(([system, all]) => {
    const spread = spreadOfFigure({ name: '', of }, all)
    return spread ? [{ system, spread }] : []
  })
}

function drawPanel(
  { title, subtitle, label }: Panel,
  rows: readonly Row[],
  left: number,
  top: number,
  theme: Theme,
): string[] {
  const colors = THEMES[theme]
  const largest = Math.max(...rows.map(({ spread }) => spread.max), Number.MIN_VALUE)
  const zero = left + LABEL_WIDTH
  const scale = (value: number) => (value / largest) * BAR_WIDTH
  const lines = [
    text(left, top + 14, title, `font-size="15" font-weight="600" fill="${colors.text}"`),
    text(left, top + 32, subtitle, `font-size="12" fill="${colors.muted}"`),
  ]
  for (const [index, { system, spread }] of rows.entries()) {
    const y = top + HEAD_HEIGHT + index * BAR_DISTANCE
    const middle = y + BAR_HEIGHT / 2
    const width = Math.max(2, scale(spread.median))
    const fill = system === 'sluice' ? colors.ours : colors.theirs
    lines.push(
      text(left, middle + 4.5, system, `font-size="13" fill="${colors.text}"`),
      `<rect x="${fixed(zero)}" y="${fixed(y)}" width="${fixed(width)}" height="${BAR_HEIGHT}" rx="2" fill="${fill}"/>`,
    )
    const [from, to] = [zero + scale(spread.min), zero + scale(spread.max)]
    if (to - from >= SHORTEST_LINE) {
      lines.push(
        `<path d="M${fixed(from)} ${fixed(middle)}H${fixed(to)}M${fixed(from)} ${fixed(middle - 4)}v8M${fixed(to)} ${fixed(middle - 4)}v8" stroke="${colors.spread}" stroke-width="1.5" fill="none"/>`,
      )
    }
    const right = Math.max(zero + width, to)
    lines.push(
      text(
        right + 8,
        middle + 4.5,
        label(spread.median),
        `font-size="13" font-weight="600" fill="${colors.text}"`,
      ),
    )
  }
  return lines
}

/** For whoever cannot see it. */
function describe(panels: readonly { panel: Panel; rows: readonly Row[] }[]): string {
  return panels
    .map(
      ({ panel: { title, subtitle, label }, rows }) =>
        `${title}, ${subtitle}: ${rows.map(({ system, spread }) => `${system} ${label(spread.median)}`).join(', ')}`,
    )
    .join('. ')
}

function duration(ms: number): string {
  return ms >= 1000 ? `${formatNumber(ms / 1000)} s` : `${formatNumber(ms)} ms`
}

function text(x: number, y: number, content: string, attributes: string): string {
  return `<text x="${fixed(x)}" y="${fixed(y)}" ${attributes}>${escapeXml(content)}</text>`
}

function escapeXml(content: string): string {
  return content
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

function fixed(value: number): string {
  return value.toFixed(1)
}

if (import.meta.main) {
  const [file = '', theme = 'light'] = process.argv.slice(2)
  process.stdout.write(drawPicture(JSON.parse(readFileSync(file, 'utf8')) as BenchResults, theme as Theme))
}
