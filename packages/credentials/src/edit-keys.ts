import type { NewApiKey } from './api-key.ts'
import {
  type CredentialEntry,
  type CredentialsDocument,
  CredentialsError,
  type KeyEntry,
} from './credentials-document.ts'

/** A key of the document, by when it ends. Milliseconds since the epoch; absent: never. */
type KeyOptions = { readonly key: NewApiKey; readonly now: number; readonly expires?: number | undefined }

/** With one credential more. @throws CredentialsError when there is one of its name */
export function addCredential(
  document: CredentialsDocument,
  credential: Omit<CredentialEntry, 'keys'>,
  key: KeyOptions | undefined,
): CredentialsDocument {
  const { name } = credential
  if (document.credentials.some((other) => other.name === name)) {
    throw new CredentialsError(
      `There is a credential "${name}" already. For a new key: npm run keys -- rotate ${name}`,
    )
  }
  const keys = key ? [entryOf(key)] : []
  return { credentials: [...document.credentials, { ...credential, keys }] }
}

/**
 * With a new key of a credential; those that it has now end when the overlap is over, at the latest. What has ended
 * already is taken out.
 * @throws CredentialsError when there is no such credential
 */
export function rotateKey(
  document: CredentialsDocument,
  name: string,
  options: KeyOptions & { readonly overlapMs: number },
): CredentialsDocument {
  const { now, overlapMs } = options
  const credential = document.credentials.find((one) => one.name === name)
  if (!credential) throw noCredential(document, name)
  const ends = now + overlapMs
  const keys = credential.keys
    .filter((key) => endOf(key) > now)
    .map((key) => (endOf(key) > ends ? { ...key, expires: timeText(ends) } : key))
  return replace(document, { ...credential, keys: [...keys, entryOf(options)] })
}

/** Without a key, and the credential that it was of. @throws CredentialsError when there is no such key */
export function revokeKey(
  document: CredentialsDocument,
  id: string,
): { readonly document: CredentialsDocument; readonly credential: CredentialEntry } {
  const found = document.credentials.find(({ keys }) => keys.some((key) => key.id === id))
  if (!found) throw new CredentialsError(`There is no key "${id}". npm run keys -- list shows the ids.`)
  const credential = { ...found, keys: found.keys.filter((key) => key.id !== id) }
  return { document: replace(document, credential), credential }
}

/** When a key ends, milliseconds since the epoch; infinite when it does not. */
export function endOf({ expires }: KeyEntry): number {
  return expires === undefined ? Number.POSITIVE_INFINITY : Date.parse(expires)
}

function entryOf({ key, now, expires }: KeyOptions): KeyEntry {
  const { id, hash } = key
  return { id, hash, created: timeText(now), ...(expires !== undefined && { expires: timeText(expires) }) }
}

function replace(document: CredentialsDocument, credential: CredentialEntry): CredentialsDocument {
  return {
    credentials: document.credentials.map((one) => (one.name === credential.name ? credential : one)),
  }
}

function noCredential({ credentials }: CredentialsDocument, name: string): CredentialsError {
  const names = credentials.map((one) => one.name).join(', ')
  return new CredentialsError(`There is no credential "${name}". There is: ${names || 'none'}.`)
}

function timeText(at: number): string {
  return new Date(at).toISOString()
}
