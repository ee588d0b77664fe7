import { RULES_TOPIC } from '@sluice/events'
import type { PublishRecord } from '@sluice/kafka'
import { REDELIVERY_LANE } from '@sluice/operations'
import { parseRules, publishedRulesSchema, RULES_KEY, RulesError } from '@sluice/rules'
import { z } from 'zod'
import { type Route, type RouteAnswer, type RouteParts, readOptions, refuse } from './route.ts'

const withdrawQuery = z.strictObject({ by: z.string().min(1).max(64), why: z.string().min(1).max(512) })

/** The rules in force; publishing others for all gateways, and withdrawing them. */
export function rulesRoutes({ entries, rules, sender }: RouteParts): Route[] {
  const definitions = entries.map(({ definition }) => definition)
  return [
    { method: 'GET', path: '/v1/rules', answer: () => ({ body: rules.describe() }) },
    { method: 'GET', path: '/v1/rules/text', answer: () => ({ body: { text: rules.set().text } }) },
    {
      method: 'PUT',
      path: '/v1/rules',
      maxBodyBytes: 2 * 1024 * 1024,
      async answer({ body }) {
        const read = readOptions(publishedRulesSchema, body)
        if ('answer' in read) return read.answer
        const { text, by, why } = read.options
        try {
          const { version } = parseRules(text, definitions, 'rules.yaml')
          return await write(JSON.stringify({ text, by, why }), { action: 'publish-rules', version, by, why })
        } catch (error) {
          if (!(error instanceof RulesError)) throw error
          const errors = error.problems.map(({ line, column, message }) => ({
            pointer: '/text',
            detail: `${line}:${column}: ${message}`,
          }))
          return refuse('invalid-options', 'The rules cannot be used.', errors)
        }
      },
    },
    {
      method: 'DELETE',
      path: '/v1/rules',
      answer({ query }) {
        const read = readOptions(withdrawQuery, query)
        return 'answer' in read ? read.answer : write(null, { action: 'withdraw-rules', ...read.options })
      },
    },
  ]

  /** Answers when it is stored: then every gateway has it within a second. */
  async function write(value: string | null, audit: Readonly<Record<string, unknown>>): Promise<RouteAnswer> {
    const record: PublishRecord = {
      lane: REDELIVERY_LANE,
      topic: RULES_TOPIC,
      partition: 0,
      key: RULES_KEY,
      value,
      headers: {},
    }
    const [outcome] = await sender.send([record])
    if (outcome?.status !== 'stored') return refuse('unavailable', 'Kafka did not take it.')
    return { status: 202, body: audit, audit }
  }
}
