import {
  DEFAULT_MAX_REPLAYS,
  type DeadLetterQueue,
  deadLetterDocument,
  EVERYTHING,
  filtersOf,
  findDeadLetterQueue,
  listDeadLetterQueues,
  parseFilters,
  readLetterAt,
  redrive,
  type Survey,
  type SurveyOptions,
  surveyDeadLetters,
  surveyDocument,
} from '@sluice/operations'
import { REDELIVERED_EVENTS } from '@sluice/telemetry'
import { z } from 'zod'
import { suggest } from '../suggest.ts'
import { startJob } from './job-routes.ts'
import {
  filterName,
  invalid,
  listQuery,
  type Route,
  type RouteAnswer,
  type RouteParts,
  readOptions,
  refuse,
  SURVEY_TIMEOUT_MS,
  showQuery,
} from './route.ts'

const QUEUE = '/v1/dead-letters/:type/:service'

const redriveOptions = z
  .strictObject({
    all: z.literal(true).optional(),
    filter: z.array(z.string()).max(100).default([]),
    offset: z.int().min(0).optional(),
    again: z.boolean().default(false),
    dryRun: z.boolean().default(false),
    maxReplays: z.int().min(0).max(1000).default(DEFAULT_MAX_REPLAYS),
    max: z.int().min(1).optional(),
    rate: z.int().min(1).max(1_000_000).optional(),
  })
  .refine(({ all, filter, offset }) => (all === true) !== (filter.length > 0 || offset !== undefined), {
    message: 'Say what to redrive: either "all": true, or "filter" or "offset".',
  })

/** Dead letters: counted, listed, shown, redriven. */
export function deadLetterRoutes(parts: RouteParts): Route[] {
  const { entries, kafka } = parts

  function survey(queue: DeadLetterQueue, options: Omit<SurveyOptions, 'client'>): Promise<Survey> {
    return parts.inTurn(() =>
      surveyDeadLetters(queue, {
        client: kafka,
        signal: AbortSignal.timeout(SURVEY_TIMEOUT_MS),
        ...options,
      }),
    )
  }

  async function listQueues(): Promise<RouteAnswer> {
    const queues = []
    for (const queue of listDeadLetterQueues(entries)) {
      queues.push({
        ...surveyDocument(await survey(queue, {})),
        links: { self: `/v1/dead-letters/${queue.type}/${queue.service}` },
      })
    }
    return { body: { queues } }
  }

  return [
    { method: 'GET', path: '/v1/dead-letters', answer: listQueues },
    {
      method: 'GET',
      path: QUEUE,
      async answer({ params, query }) {
        const found = findQueue(params)
        if ('answer' in found) return found.answer
        const read = readOptions(listQuery, query)
        if ('answer' in read) return read.answer
        const parsed = parseFilters(read.options.filter, parts.now())
        if ('problem' in parsed) return invalid('/filter', parsed.problem)
        const { selection } = parsed
        return { body: surveyDocument(await survey(found.queue, { selection, newest: read.options.limit })) }
      },
    },
    {
      method: 'GET',
      path: `${QUEUE}/:offset`,
      async answer({ params, query }) {
        const found = findQueue(params)
        if ('answer' in found) return found.answer
        const read = readOptions(showQuery, query)
        if ('answer' in read) return read.answer
        const { raw } = read.options
        const offset = Number(params['offset'])
        const letter = /^\d{1,15}$/.test(params['offset']!)
          ? await readLetterAt(found.queue, offset, kafka, AbortSignal.timeout(SURVEY_TIMEOUT_MS))
          : undefined
        if (!letter) return refuse('no-dead-letter')
        return {
          body: deadLetterDocument(found.queue, letter.letter, letter.record, { raw }),
          audit: { action: 'show', topic: found.queue.topic, offset, raw },
        }
      },
    },
    {
      method: 'POST',
      path: `${QUEUE}/redrive`,
      answer({ params, body, asker }) {
        const found = findQueue(params)
        if ('answer' in found) return found.answer
        const read = readOptions(redriveOptions, body)
        if ('answer' in read) return read.answer
        const { all, filter, offset, ...options } = read.options
        const filters = offset === undefined ? filter : [...filter, `offset=${offset}`]
        const parsed = parseFilters(filters, parts.now())
        if ('problem' in parsed) return invalid('/filter', parsed.problem)
        const { queue } = found
        const wanted = filtersOf(parsed.selection)
        return startJob(parts, asker, {
          kind: 'redrive',
          target: queue.topic,
          options: { ...options, ...(all ? { all } : { filter: wanted }) },
          // Keys and ids may be personal.
          audited: { ...options, ...(all ? { all } : { filter: [...new Set(wanted.map(filterName))] }) },
          count: parts.metrics.counter(REDELIVERED_EVENTS, { type: queue.type, by: 'redrive' }),
          work: (signal, onProgress) =>
            redrive(queue, {
              ...options,
              client: kafka,
              sender: parts.sender,
              selection: all ? EVERYTHING : parsed.selection,
              signal,
              onProgress: (progress) =>
                onProgress(progress, progress.phase === 'sending' ? progress.done : 0),
            }),
        })
      },
    },
  ]

  function findQueue(
    params: Readonly<Record<string, string>>,
  ): { readonly queue: DeadLetterQueue } | { readonly answer: RouteAnswer } {
    const found = findDeadLetterQueue(entries, params['type']!, params['service'])
    if (!('problem' in found)) return { queue: found }
    const near = suggest(params[found.wanted]!, found.known)
    return {
      answer: refuse('unknown-type', near ? `${found.problem} Did you mean "${near}"?` : found.problem),
    }
  }
}
