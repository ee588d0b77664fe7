import type { EventDefinition } from '@sluice/events'
import type { EventHandler } from './handler.ts'
import { outcomesSetting } from './outcome.ts'
import { runProcess } from './process.ts'
import { integer, type Settings } from './settings.ts'
import { startConsumer } from './start-consumer.ts'

export const consumerSettings = {
  CONSUMER_CONCURRENCY: integer({ min: 1, max: 10_000 })
    .default(64)
    .describe(
      'How many handlers may wait for something at a time; events of one key never run side by side.',
    ),
  CONSUMER_SESSION_TIMEOUT_MS: integer({ min: 6000, max: 300_000, unit: 'ms' })
    .default(10_000)
    .describe('How soon the partitions of a process that died are given to others.'),
  CONSUMER_COMMIT_INTERVAL_MS: integer({ min: 10, unit: 'ms' })
    .default(250)
    .describe(
      'How often finished offsets are committed; what was not committed is handled again after a crash.',
    ),
  CONSUMER_WINDOW_EVENTS: integer({ min: 0, max: 10_000_000 })
    .default(20_000)
    .describe(
      'How many handled events each partition number remembers, to drop repeats; about 200 bytes each. 0: none.',
    ),
  HANDLER_TIMEOUT_MS: integer({ min: 1, unit: 'ms' })
    .default(30_000)
    .describe('How long one attempt of a handler may take.'),
  WATCHDOG_STALL_MS: integer({ min: 1000, unit: 'ms' })
    .default(20_000)
    .describe('How long the event loop may stand still before the process is ended, to be started again.'),
  RETRY_MAX_ATTEMPTS: integer({ min: 1 })
    .default(5)
    .describe('Attempts to handle an event, the first included, before it becomes a dead letter.'),
  RETRY_BASE_MS: integer({ min: 0, unit: 'ms' })
    .default(200)
    .describe('The longest wait before the second attempt; doubled for each one after it.'),
  RETRY_MAX_MS: integer({ min: 0, unit: 'ms' })
    .default(10_000)
    .describe('The longest wait before any attempt.'),
  OUTCOMES: outcomesSetting(),
} satisfies Settings

export type ConsumerSpec<Definition extends EventDefinition> = {
  readonly consumes: Definition
  /** Everything that the handler may return. */
  readonly produces: readonly EventDefinition[]
  readonly handle: EventHandler<Definition>
  /** Also the consumer group, the folder and the metric label; the type's name by default. */
  readonly service?: string
}

/**
 * The whole process of a consumer service: reads all lanes of one type, hands each event to the handler, and
 * writes what it returns. Ends with the process; see `runProcess` for exit codes.
 */
export async function runConsumer<Definition extends EventDefinition>(
  spec: ConsumerSpec<Definition>,
): Promise<void> {
  await runProcess({
    name: spec.service ?? spec.consumes.type,
    settings: consumerSettings,
    start: async (context) =>
      startConsumer(spec, context, await context.openFraming([spec.consumes, ...spec.produces])),
  })
}
