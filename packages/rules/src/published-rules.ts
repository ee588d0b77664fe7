import { z } from 'zod'

/** The key of the one record that counts in `control.rules`. A record without a value withdraws what was published. */
export const RULES_KEY = 'rules'

/** A rule file for all gateways, and who wants it why: what an operator sends, and what the record's value holds. */
export const publishedRulesSchema = z.strictObject({
  text: z.string().min(1),
  by: z.string().min(1).max(64),
  why: z.string().min(1).max(512),
})

export type PublishedRules = z.output<typeof publishedRulesSchema>

/** @throws Error when it is none */
export function decodePublishedRules(value: Buffer): PublishedRules {
  const result = publishedRulesSchema.safeParse(JSON.parse(value.toString()))
  if (result.success) return result.data
  throw new Error(`The record is not what is published: ${z.prettifyError(result.error)}`)
}
