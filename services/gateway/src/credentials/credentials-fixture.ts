import { type CredentialsDocument, createApiKey, parseCredentials } from '@sluice/credentials'
import { createAuthenticate } from './authenticate.ts'
import { createCredentialSet } from './credential-set.ts'

/** One credential of a test, and the key that it sends. */
export type TestCredential = Partial<Omit<CredentialsDocument['credentials'][number], 'keys'>> & {
  readonly name: string
  /** Milliseconds since the epoch. */
  readonly expires?: number
}

/** Credentials with one key each: the file's text, the tokens by name, and who lets them in. */
export function createTestCredentials(...wanted: readonly TestCredential[]) {
  const tokens: Record<string, string> = {}
  const credentials = wanted.map(({ expires, ...credential }) => {
    const { id, hash, token } = createApiKey()
    tokens[credential.name] = token
    const ends = expires !== undefined && { expires: new Date(expires).toISOString() }
    return { types: [], ...credential, keys: [{ id, hash, created: '2026-11-24T17:00:00Z', ...ends }] }
  })
  const text = JSON.stringify({ credentials })
  const set = createCredentialSet(parseCredentials(text))
  return {
    text,
    tokens,
    set,
    authenticate: createAuthenticate({ credentials: () => set }),
    /** The headers of a request of a credential. */
    as: (name: string) => ({ authorization: `Bearer ${tokens[name]}` }),
  }
}
