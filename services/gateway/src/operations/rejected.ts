import { REJECTED_TOPIC } from '@sluice/events'
import {
  EVERYTHING,
  readRejectedAt,
  redriveRejected,
  rejectedDocument,
  rejectedFilters,
  rejectedSurveyDocument,
  surveyRejected,
} from '@sluice/operations'
import { REDELIVERED_EVENTS } from '@sluice/telemetry'
import { z } from 'zod'
import { startJob } from './job-routes.ts'
import {
  filterName,
  invalid,
  listQuery,
  type Route,
  type RouteParts,
  readOptions,
  refuse,
  SURVEY_TIMEOUT_MS,
  showQuery,
} from './route.ts'

const redriveOptions = z
  .strictObject({
    all: z.literal(true).optional(),
    filter: z.array(z.string()).max(100).default([]),
    offset: z.int().min(0).optional(),
    notAllowed: z.boolean().default(false),
    dryRun: z.boolean().default(false),
    max: z.int().min(1).optional(),
    rate: z.int().min(1).max(1_000_000).optional(),
  })
  .refine(({ all, filter, offset }) => (all === true) !== (filter.length > 0 || offset !== undefined), {
    message: 'Say what to redrive: either "all": true, or "filter" or "offset".',
  })

/** Rejected events: counted, listed, shown, judged once more. */
export function rejectedRoutes(parts: RouteParts): Route[] {
  const { entries, kafka } = parts
  return [
    {
      method: 'GET',
      path: '/v1/rejected',
      async answer({ query }) {
        const read = readOptions(listQuery, query)
        if ('answer' in read) return read.answer
        const parsed = rejectedFilters.parse(read.options.filter, parts.now())
        if ('problem' in parsed) return invalid('/filter', parsed.problem)
        const survey = await parts.inTurn(() =>
          surveyRejected({
            client: kafka,
            selection: parsed.selection,
            newest: read.options.limit,
            signal: AbortSignal.timeout(SURVEY_TIMEOUT_MS),
          }),
        )
        return { body: rejectedSurveyDocument(survey) }
      },
    },
    {
      method: 'GET',
      path: '/v1/rejected/:offset',
      async answer({ params, query }) {
        const read = readOptions(showQuery, query)
        if ('answer' in read) return read.answer
        const { raw } = read.options
        const offset = Number(params['offset'])
        const found = /^\d{1,15}$/.test(params['offset']!)
          ? await readRejectedAt(offset, kafka, AbortSignal.timeout(SURVEY_TIMEOUT_MS))
          : undefined
        if (!found) return refuse('no-rejected-event')
        return {
          body: rejectedDocument(entries, found.event, found.record, { raw }),
          audit: { action: 'show', topic: REJECTED_TOPIC, offset, raw },
        }
      },
    },
    {
      method: 'POST',
      path: '/v1/rejected/redrive',
      answer({ body, asker }) {
        const read = readOptions(redriveOptions, body)
        if ('answer' in read) return read.answer
        const { all, filter, offset, ...options } = read.options
        const filters = offset === undefined ? filter : [...filter, `offset=${offset}`]
        const parsed = rejectedFilters.parse(filters, parts.now())
        if ('problem' in parsed) return invalid('/filter', parsed.problem)
        const wanted = rejectedFilters.format(parsed.selection)
        return startJob(parts, asker, {
          kind: 'redrive',
          target: REJECTED_TOPIC,
          options: { ...options, ...(all ? { all } : { filter: wanted }) },
          // Ids may be personal.
          audited: { ...options, ...(all ? { all } : { filter: [...new Set(wanted.map(filterName))] }) },
          count: parts.metrics.counter(REDELIVERED_EVENTS, { type: '', by: 'quarantine' }),
          work: (signal, onProgress) =>
            redriveRejected({
              ...options,
              client: kafka,
              sender: parts.sender,
              judge: parts.rejudge({ notAllowed: options.notAllowed }),
              selection: all ? EVERYTHING : parsed.selection,
              signal,
              onProgress: (progress) =>
                onProgress(progress, progress.phase === 'sending' ? progress.done : 0),
            }),
        })
      },
    },
  ]
}
