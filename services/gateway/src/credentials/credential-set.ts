import { type CredentialsDocument, digestOf } from '@sluice/credentials'
import { createAdmission } from './admission.ts'
import { type Credential, createCredential } from './credential.ts'

/** A key as it is looked up. */
export type KnownKey = {
  readonly digest: Buffer
  /** Milliseconds since the epoch; infinite when it does not end. */
  readonly expiresAt: number
  readonly credential: Credential
}

/** All credentials of one state of the file. */
export type CredentialSet = {
  readonly credentials: readonly Credential[]
  readonly keys: ReadonlyMap<string, KnownKey>
  readonly bySubject: ReadonlyMap<string, Credential>
  readonly byCertificate: ReadonlyMap<string, Credential>
}

/**
 * @param before what was in force until now: a credential whose limits stay the same goes on with what it has used, or a
 *   reload would give everybody a new burst
 */
export function createCredentialSet(document: CredentialsDocument, before?: CredentialSet): CredentialSet {
  const earlier = new Map(before?.credentials.map((credential) => [credential.name, credential.admission]))
  const credentials: Credential[] = []
  const keys = new Map<string, KnownKey>()
  const bySubject = new Map<string, Credential>()
  const byCertificate = new Map<string, Credential>()
  for (const entry of document.credentials) {
    const { name, tenant, source = `/producers/${name}`, types, maxPriority, limits } = entry
    const known = earlier.get(name)
    const admission = known?.isOf(limits) ? known : createAdmission(limits)
    const credential = createCredential({
      ...{ name, tenant, source, maxPriority, admission },
      types: types === '*' ? '*' : new Set(types),
    })
    credentials.push(credential)
    for (const { id, hash, expires } of entry.keys) {
      const expiresAt = expires === undefined ? Number.POSITIVE_INFINITY : Date.parse(expires)
      keys.set(id, { digest: digestOf(hash), expiresAt, credential })
    }
    for (const subject of entry.subjects) bySubject.set(subject, credential)
    for (const certificate of entry.certificates) byCertificate.set(certificate, credential)
  }
  return { credentials, keys, bySubject, byCertificate }
}
