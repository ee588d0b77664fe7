import { readFileSync } from 'node:fs'
import type { BenchResults, RunResult } from './result.ts'
import { type Spread, spreadOf } from './spread.ts'
import { bySystem, countingRuns } from './table.ts'

type Panel = {
  readonly title: string
  readonly unit: string
  readonly scenario: RunResult['scenario']
  readonly of: (run: RunResult) => number | undefined
}

/**
 * What the bench is about, a panel each. Rates are those that last: what a system has not finished when the posting
 * ends counts with the time that it still takes, which is kinder to one that falls behind.
 */
const PANELS: readonly Panel[] = [
  {
    scenario: 'A',
    title: 'Batches of 100, sustained end to end',
    unit: 'events/s',
    of: (run) => run.drainedPerSecond,
  },
  {
    scenario: 'B',
    title: 'Single events, sustained end to end',
    unit: 'events/s',
    of: (run) => run.drainedPerSecond,
  },
  {
    scenario: 'C',
    title: '1,000 a second, post to output, p99',
    unit: 'ms',
    of: (run) => run.endToEnd.all?.p99,
  },
  { scenario: 'D', title: 'High lane under a flood, p99', unit: 'ms', of: (run) => run.endToEnd.high?.p99 },
]

const WIDTH = 760
const MARGIN = 24
const LABEL_WIDTH = 100
const BAR_WIDTH = 480
const BAR_HEIGHT = 20
const ROW_HEIGHT = 30
const TITLE_HEIGHT = 34
const PANEL_GAP = 18
const FONT = 'font-family="system-ui, sans-serif"'

/**
 * The results as an SVG with a panel of bars per scenario: the median of the runs, and a line from the lowest to
 * the highest. Bars begin at zero; the panels' scales differ. Readable on light and dark pages.
 */
export function drawPicture(results: BenchResults): string {
  let y = MARGIN
  const body: string[] = []
  for (const panel of PANELS) {
    const rows = rowsOf(panel, results.runs)
    if (rows.length === 0) continue
    body.push(...drawPanel(panel, rows, y))
    y += TITLE_HEIGHT + rows.length * ROW_HEIGHT + PANEL_GAP
  }
  const { machine } = results
  const caption = `${machine.cores} cores, Node ${machine.node}, Kafka ${machine.kafka}, everything on one machine; commit ${results.commit}, ${results.date.slice(0, 10)}`
  body.push(text(MARGIN, y + 4, caption, 'font-size="11" fill="#888"'))
  const height = y + MARGIN
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="Figures of the bench">`,
    ...body,
    '</svg>\n',
  ].join('\n')
}

type Row = { readonly system: string; readonly spread: Spread }

function rowsOf({ scenario, of }: Panel, runs: readonly RunResult[]): Row[] {
  return bySystem(runs.filter((run) => run.scenario === scenario)).flatMap(([system, all]) => {
    const spread = spreadOf(
      countingRuns(all)
        .map(of)
        .filter((value) => value !== undefined),
    )
    return spread ? [{ system, spread }] : []
  })
}

function drawPanel({ title, unit }: Panel, rows: readonly Row[], top: number): string[] {
  const largest = Math.max(...rows.map(({ spread }) => spread.max), Number.MIN_VALUE)
  const scale = (value: number) => (value / largest) * BAR_WIDTH
  const left = MARGIN + LABEL_WIDTH
  const lines = [text(MARGIN, top + 14, `${title}, ${unit}`, 'font-size="14" font-weight="600" fill="#888"')]
  for (const [index, { system, spread }] of rows.entries()) {
    const y = top + TITLE_HEIGHT + index * ROW_HEIGHT
    const middle = y + BAR_HEIGHT / 2
    const fill = system === 'sluice' ? '#0e7c86' : '#b0a58f'
    lines.push(
      text(MARGIN, middle + 4, system, 'font-size="12" fill="#888"'),
      `<rect x="${left}" y="${y}" width="${fixed(Math.max(1, scale(spread.median)))}" height="${BAR_HEIGHT}" rx="2" fill="${fill}"/>`,
    )
    if (spread.min !== spread.max) {
      lines.push(
        `<line x1="${fixed(left + scale(spread.min))}" x2="${fixed(left + scale(spread.max))}" y1="${middle}" y2="${middle}" stroke="#d9534f" stroke-width="2"/>`,
      )
    }
    lines.push(
      text(left + scale(spread.max) + 8, middle + 4, label(spread.median), 'font-size="12" fill="#888"'),
    )
  }
  return lines
}

function text(x: number, y: number, content: string, attributes: string): string {
  return `<text x="${fixed(x)}" y="${fixed(y)}" ${FONT} ${attributes}>${escapeXml(content)}</text>`
}

function escapeXml(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

function fixed(value: number): string {
  return value.toFixed(1)
}

function label(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(1)
}

if (import.meta.main) {
  const [file = ''] = process.argv.slice(2)
  process.stdout.write(drawPicture(JSON.parse(readFileSync(file, 'utf8')) as BenchResults))
}
