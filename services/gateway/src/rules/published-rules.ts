import { z } from 'zod'

/** The key of the one record that counts in `control.rules`. */
export const RULES_KEY = 'rules'

/** A rule file for all gateways, and who wants it why. */
export type PublishedRules = z.output<typeof schema>

const schema = z.strictObject({
  text: z.string().min(1),
  by: z.string().min(1).max(64),
  why: z.string().min(1).max(512),
})

/** What an operator sends to publish rules. */
export const publishRulesBody = schema

/** @throws Error when it is none */
export function decodePublishedRules(value: Buffer): PublishedRules {
  const result = schema.safeParse(JSON.parse(value.toString()))
  if (result.success) return result.data
  throw new Error(`The record is not what is published: ${z.prettifyError(result.error)}`)
}
