import { DEFAULT_TENANT, type Lane } from '@sluice/events'
import { type Admission, UNLIMITED } from './admission.ts'

/** Who posts, and what they may. Known before a request's body is read. */
export type Credential = {
  /** Names it in logs and in what is kept of its events; no secret. */
  readonly name: string
  /** Its owner, a part of each of its events' identity: never the key, so that rotating one changes nothing. */
  readonly tenant: string
  /** The source of events that come without one. */
  readonly source: string
  /** The types that it may post. `*` is every type of producers; a derived type is never in it, it has to be named. */
  readonly types: '*' | ReadonlySet<string>
  /** The highest priority that its events may ask for. */
  readonly maxPriority: Lane
  /** How much it may post, and what it has used of that. */
  readonly admission: Admission
  /** Tenant and source as JSON: they are written into each event. */
  readonly tenantText: string
  readonly sourceText: string
}

export function createCredential(parts: Omit<Credential, 'tenantText' | 'sourceText'>): Credential {
  const { tenant, source } = parts
  return { ...parts, tenantText: JSON.stringify(tenant), sourceText: JSON.stringify(source) }
}

/** Whoever posts where no credentials are asked for. */
export const ANYBODY: Credential = createCredential({
  name: 'anybody',
  tenant: DEFAULT_TENANT,
  source: '/producers/default',
  types: '*',
  maxPriority: 'high',
  admission: UNLIMITED,
})
