import { readFileSync } from 'node:fs'
import { waitFor } from '@sluice/testing'
import type { Stack } from './stack.ts'

/** Bounds a failure only. */
const PATIENCE_MS = 180_000

/** What happens only when something is wrong, and so may be empty: nothing here makes it happen. */
const MAY_BE_EMPTY = /sluice_(retries|lost_by_retention_records)_total/

/**
 * Waits until Prometheus has found every replica, then asks it every query of the dashboard that Grafana gets: each
 * has to be right and, where nothing went wrong, to bring something. Then waits for the alert of a dead letter.
 * @param replicas by service
 */
export async function checkPrometheus(port: number, replicas: ReadonlyMap<string, number>): Promise<string> {
  const wanted = [...replicas]
    .map(([service, count]) => `${service} × ${count}`)
    .toSorted()
    .join(', ')
  let found = ''
  const allFound = async () => {
    const { activeTargets } = (await ask(port, '/api/v1/targets')) as { activeTargets: Target[] }
    const up = activeTargets.filter(({ health }) => health === 'up').map(({ labels }) => labels.service)
    found = [...Map.groupBy(up, (service) => service)]
      .map(([service, all]) => `${service} × ${all.length}`)
      .toSorted()
      .join(', ')
    return found === wanted
  }
  await waitFor(allFound, {
    timeoutMs: PATIENCE_MS,
    intervalMs: 500,
    describe: () => `Prometheus to find ${wanted}; it found ${found}`,
  })
  const queries = dashboardQueries()
  for (const query of queries) {
    let answer: unknown[] = []
    const hasAnswer = async () => {
      const { result } = (await ask(port, '/api/v1/query', { query })) as { result: unknown[] }
      answer = result
      return answer.length > 0 || MAY_BE_EMPTY.test(query)
    }
    await waitFor(hasAnswer, { timeoutMs: PATIENCE_MS, intervalMs: 500, describe: `an answer to ${query}` })
  }
  const fires = async () => {
    const { alerts } = (await ask(port, '/api/v1/alerts')) as { alerts: Alert[] }
    return alerts.some(({ state, labels }) => state === 'firing' && labels.alertname === 'SluiceDeadLetters')
  }
  await waitFor(fires, { timeoutMs: PATIENCE_MS, intervalMs: 500, describe: 'SluiceDeadLetters to fire' })
  return `${[...replicas.values()].reduce((sum, count) => sum + count)} targets, ${queries.length} queries, SluiceDeadLetters fires`
}

type Target = { readonly health: string; readonly labels: { readonly service: string } }
type Alert = { readonly state: string; readonly labels: { readonly alertname: string } }

/** With what Grafana would put for its variables. */
function dashboardQueries(): string[] {
  const file = new URL('../../infra/grafana/dashboards/sluice.json', import.meta.url)
  const { panels } = JSON.parse(readFileSync(file, 'utf8')) as { panels: { targets?: { expr: string }[] }[] }
  return panels.flatMap(({ targets = [] }) =>
    targets.map(({ expr }) => expr.replaceAll('$__rate_interval', '1m').replaceAll(/\$(type|lane)/g, '.*')),
  )
}

async function ask(port: number, path: string, parameters: Record<string, string> = {}): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${port}${path}?${new URLSearchParams(parameters)}`)
  const { status, data, error } = (await response.json()) as { status: string; data: unknown; error?: string }
  if (status !== 'success') throw new Error(`Prometheus: ${path} ${JSON.stringify(parameters)}: ${error}`)
  return data
}

/** That Grafana has the dashboard and reaches Prometheus; or that its image is not to be had here. */
export async function checkGrafana(stack: Stack): Promise<string> {
  try {
    await stack.compose('--profile', 'observability', 'pull', '--policy', 'missing', 'grafana')
  } catch {
    return 'SKIPPED: its image cannot be pulled here'
  }
  await stack.observe('grafana', '--wait')
  for (const path of ['dashboards/uid/sluice', 'datasources/uid/prometheus/health']) {
    const response = await fetch(`http://127.0.0.1:${stack.ports.grafana}/api/${path}`, {
      headers: { authorization: `Basic ${btoa('admin:admin')}` },
    })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  }
  return 'has the dashboard, and reaches Prometheus'
}
