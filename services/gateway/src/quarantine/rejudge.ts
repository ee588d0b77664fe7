import type { CatalogueEntry } from '@sluice/events'
import type { RejectedEvent, Rejudgement } from '@sluice/operations'
import type { RuleSet } from '@sluice/rules'
import type { Metrics } from '@sluice/telemetry'
import type { Candidate } from '../body/candidate.ts'
import { parseJson } from '../body/parse-json.ts'
import { readCloudEvent } from '../body/read-cloudevents.ts'
import { readBareEvent } from '../body/read-json.ts'
import { refuseHalves } from '../body/surrogates.ts'
import { UNLIMITED } from '../credentials/admission.ts'
import { type Credential, createCredential } from '../credentials/credential.ts'
import { createJudge, type JudgeOptions } from '../judge.ts'
import { createResult } from '../results.ts'
import { planTypes } from '../type-plans.ts'

export type RejudgeOptions = Omit<JudgeOptions, 'plans'> & {
  readonly entries: readonly CatalogueEntry[]
  /** The rules that are in force now. */
  readonly rules: () => RuleSet
  readonly metrics: Metrics
  /** The types that a credential may post today, by its name. */
  readonly typesOf: (credential: string) => Credential['types']
}

/** Judges what was rejected before by what the gateway knows today. */
export type Rejudge = (event: RejectedEvent, posted: Buffer) => Rejudgement

/**
 * The same reading and the same judge as for what is posted: with the credential, the id and the time of receipt that
 * the event had, so that what is let in is the event that it would have been. An event with `specversion` is read as a
 * CloudEvent, any other one in the bare form.
 * @param options.notAllowed takes events of types, too, that their credential may not post
 */
export function createRejudge(options: RejudgeOptions & { readonly notAllowed: boolean }): Rejudge {
  const entries = options.notAllowed ? options.entries.map(asPostable) : options.entries
  const { types } = planTypes(entries, options.rules(), options.metrics)
  const judge = createJudge({ ...options, plans: () => types })

  return function rejudge(event, posted) {
    const json = parseJson(posted, posted.length)
    if (!json.ok) return json
    const candidate = json.halves ? refuseHalves(read(json.value)) : read(json.value)
    const result = createResult(candidate.id ?? event.id, candidate.type)
    const receipt = {
      time: new Date(event.at).toISOString(),
      receivedat: String(event.at),
      traceparent: event.traceparent,
      credential: createCredential({
        ...event,
        name: event.credential,
        types: options.notAllowed ? '*' : options.typesOf(event.credential),
        admission: UNLIMITED,
      }),
    }
    try {
      const plan = judge.validate(candidate, result, receipt.credential, true)
      const record = plan && judge.route(candidate, plan, result, receipt)
      if (record) return { record }
    } catch (error) {
      // A bug of a definition or a rule must not keep the others from being let in.
      return { code: 'internal', detail: (error as Error).message }
    }
    if (result.filteredBy) return { filteredBy: result.filteredBy.decidedBy }
    const [first] = result.errors ?? []
    return { code: result.code!, detail: first ? `${first.pointer} ${first.detail}`.trimStart() : '' }
  }
}

function asPostable({ definition, services }: CatalogueEntry): CatalogueEntry {
  return { definition: { ...definition, origin: 'producer' }, services }
}

function read(posted: unknown): Candidate {
  const isCloudEvent = typeof posted === 'object' && posted !== null && 'specversion' in posted
  return isCloudEvent ? readCloudEvent(posted) : readBareEvent(posted)
}
