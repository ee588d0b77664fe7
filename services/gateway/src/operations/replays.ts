import { randomUUID } from 'node:crypto'
import {
  findDeadLetterQueue,
  INSTANT_FORMS,
  instantText,
  parseInstant,
  RUN_PATTERN,
  replay,
} from '@sluice/operations'
import { REDELIVERED_EVENTS } from '@sluice/telemetry'
import { z } from 'zod'
import { suggest } from '../suggest.ts'
import { startJob } from './job-routes.ts'
import { invalid, type Route, type RouteParts, readOptions, refuse } from './route.ts'

const replayOptions = z.strictObject({
  type: z.string(),
  service: z.string().optional(),
  from: z.string(),
  to: z.string().optional(),
  run: z
    .string()
    .regex(RUN_PATTERN, 'takes up to 64 letters, digits, dots, dashes and underscores')
    .optional(),
  rate: z.int().min(1).max(1_000_000).optional(),
  dryRun: z.boolean().default(false),
})

/** A time range of a type, once more into one service. */
export function replayRoutes(parts: RouteParts): Route[] {
  const { entries, kafka, sender } = parts
  return [
    {
      method: 'POST',
      path: '/v1/replays',
      answer({ body, asker }) {
        const read = readOptions(replayOptions, body)
        if ('answer' in read) return read.answer
        const { type, service: wanted, rate, dryRun, run = randomUUID().slice(0, 8) } = read.options
        const found = findDeadLetterQueue(entries, type, wanted)
        if ('problem' in found) {
          const near = suggest(found.wanted === 'type' ? type : (wanted ?? ''), found.known)
          const hint = near ? ` Did you mean "${near}"?` : ` There are ${found.known.join(', ')}.`
          return refuse('unknown-type', found.problem + hint)
        }
        const now = parts.now()
        const from = parseInstant(read.options.from, now)
        if (from === undefined) return invalid('/from', `Give a time, ${INSTANT_FORMS}.`)
        const end = read.options.to === undefined ? now : parseInstant(read.options.to, now)
        if (end === undefined) return invalid('/to', `Give a time, ${INSTANT_FORMS}.`)
        const to = Math.min(end, now)
        if (from >= to) return invalid('/from', 'It must be before "to", and before now.')
        const { service, definition } = found
        const entry = entries.find((one) => one.definition === definition)!
        return startJob(parts, asker, {
          kind: 'replay',
          target: `${type} into ${service}`,
          options: { type, service, run, from: instantText(from), to: instantText(to), rate, dryRun },
          count: parts.metrics.counter(REDELIVERED_EVENTS, { type, by: 'replay' }),
          work: (signal, onProgress) =>
            replay(entry, {
              ...{ client: kafka, sender, service, from, to, run, rate, dryRun, signal },
              onProgress: (progress) => onProgress(progress, progress.sent),
            }),
        })
      },
    },
  ]
}
