// A consumer service whose handler takes FIXTURE_HANDLER_MS; says how much memory it has.
import { setTimeout as delay } from 'node:timers/promises'
import { runConsumer } from '../src/index.ts'
import { backlogType } from './backlog-type.ts'

const ms = Number(process.env['FIXTURE_HANDLER_MS'])
setInterval(() => console.log(`rss ${process.memoryUsage.rss()}`), 200).unref()

await runConsumer({
  consumes: backlogType(process.env['FIXTURE_TYPE']!),
  produces: [],
  async handle() {
    await delay(ms)
    return undefined
  },
})
