import { readOptions } from './command-line.ts'
import { postTraffic } from './demo/post-traffic.ts'
import { createDemoTraffic } from './demo/traffic.ts'

const HELP = `Posts demo traffic to a running gateway until Ctrl-C.

  npm run demo -- [options]

  --url <url>      the gateway (http://127.0.0.1:8080)
  --rate <n>       events a second (40)
  --count <n>      stop after about so many events
  --seed <n>       the same seed makes the same shop (1)
  --help           this text`

const values = readOptions(
  {
    url: { type: 'string', default: 'http://127.0.0.1:8080' },
    rate: { type: 'string', default: '40' },
    count: { type: 'string' },
    seed: { type: 'string', default: '1' },
    help: { type: 'boolean', short: 'h' },
  },
  HELP,
)

if (values.help) console.log(HELP)
else await main()

async function main(): Promise<void> {
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort())
  // Whoever started us is gone.
  process.on('disconnect', () => stop.abort())
  const counts = await postTraffic({
    url: values.url.replace(/\/$/, ''),
    eventsPerSecond: toPositive('--rate', values.rate),
    next: createDemoTraffic(toPositive('--seed', values.seed), Date.now()),
    signal: stop.signal,
    ...(values.count === undefined ? {} : { limit: toPositive('--count', values.count) }),
    say: (line) => console.log(line),
  })
  const summary = Object.entries(counts).map(([status, count]) => `${count} ${status}`)
  console.log(summary.length === 0 ? 'Nothing was posted.' : `Posted: ${summary.join(', ')}.`)
  if (process.connected) process.disconnect?.()
}

function toPositive(flag: string, text: string): number {
  const value = Number(text)
  if (Number.isFinite(value) && value > 0) return value
  console.error(`${flag} must be a number above zero, not "${text}".`)
  process.exit(2)
}
