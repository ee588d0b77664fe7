import { RULES_TOPIC } from '@sluice/events'
import { parseRules, publishedRulesSchema, RULES_KEY, RulesError } from '@sluice/rules'
import { z } from 'zod'
import { type Route, type RouteParts, readOptions, refuse } from './route.ts'
import { createWriteControl } from './write-control.ts'

const withdrawQuery = z.strictObject({ by: z.string().min(1).max(64), why: z.string().min(1).max(512) })

/** The rules in force; publishing others for all gateways, and withdrawing them. */
export function rulesRoutes({ entries, rules, sender }: RouteParts): Route[] {
  const definitions = entries.map(({ definition }) => definition)
  const write = createWriteControl(sender, RULES_TOPIC)
  return [
    { method: 'GET', path: '/v1/rules', answer: () => ({ body: rules.describe() }) },
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
          const audit = { action: 'publish-rules', version, by, why }
          const value = JSON.stringify({ text, by, why })
          return await write({ key: RULES_KEY, value }, { status: 202, body: audit, audit })
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
        if ('answer' in read) return read.answer
        const audit = { action: 'withdraw-rules', ...read.options }
        return write({ key: RULES_KEY, value: null }, { status: 202, body: audit, audit })
      },
    },
  ]
}
