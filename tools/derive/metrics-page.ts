import type { MetricSpec } from '@sluice/telemetry'

/** `docs/metrics.md`: what holds for all metrics, by hand, and a line for each, in the catalogue's order. */
export function metricsPage(metrics: readonly MetricSpec[]): string {
  return `${PREAMBLE}
## Sluice's own

| metric | kind | labels | what it says |
|---|---|---|---|
${metrics.map(row).join('\n')}

### Buckets

Upper bounds, in the unit that the name ends in. \`+Inf\` is always the last.

${buckets(metrics).join('\n')}
`
}

const PREAMBLE = `# Metrics

This page is derived from the code: change \`packages/telemetry/src/catalogue.ts\` or
\`tools/derive/metrics-page.ts\`, then run \`npm run derive\`.

Every process serves its metrics at \`/metrics\` on its admin port, in Prometheus' text format, or as JSON to who
asks with \`accept: application/json\`:

\`\`\`sh
curl -s http://127.0.0.1:9080/metrics
\`\`\`

- Each series carries the label \`service\`: \`gateway\`, or the name of the consumer service.
- Labels are bounded: types, lanes, outcomes, reasons, rules. Ids are in the logs, never here.
- A counter counts from the start of its process. Use \`rate()\`, which knows about restarts, and sum over replicas.
- A series is there once its process has something to say about it; absent means zero.
- Ages and latencies count from the gateway's clock when it took the event, on the clock of whoever reports:
  between machines they are as right as their clocks agree.

## Of the process

Those of prom-client, for every process. The ones to look at first:

| metric | what it says |
|---|---|
| \`nodejs_eventloop_lag_mean_seconds\`, \`_min_\`, \`_max_\`, \`_stddev_\`, \`_p50_\`, \`_p90_\`, \`_p99_\` | how late the event loop was since the last scrape, by \`perf_hooks\`' histogram with a resolution of 100 ms: up to some 105 ms is normal. A p99 of 200 ms means that something computes too long in one go, and every request and heartbeat waits for it |
| \`nodejs_eventloop_lag_seconds\` | how late it was at the moment of the scrape |
| \`process_cpu_seconds_total\` | CPU time; its rate is the share of one core, and near 1 the process is full |
| \`process_resident_memory_bytes\`, \`nodejs_heap_size_used_bytes\`, \`nodejs_external_memory_bytes\` | memory: all, JavaScript's, and that of buffers |
| \`nodejs_gc_duration_seconds\` | pauses of the garbage collector, by \`kind\` |
| \`process_start_time_seconds\` | when it started: a change is a restart |
`

function row({ name, kind, labels, help }: MetricSpec): string {
  const shown = labels.map((label) => `\`${label}\``).join(', ')
  return `| \`${name}\` | ${kind} | ${shown} | ${help.replaceAll('|', '\\|')} |`
}

/** One line for each list of bounds, with the histograms that have it. */
function buckets(metrics: readonly MetricSpec[]): string[] {
  const byBounds = new Map<string, string[]>()
  for (const { name, buckets } of metrics) {
    if (!buckets) continue
    const bounds = buckets.join(', ')
    byBounds.set(bounds, [...(byBounds.get(bounds) ?? []), `\`${name}\``])
  }
  return [...byBounds].map(([bounds, names]) => `- ${names.join(', ')}: ${bounds}`)
}
