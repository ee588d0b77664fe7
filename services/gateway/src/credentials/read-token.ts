import { hash } from 'node:crypto'
import { createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey, jwtVerify } from 'jose'
import { type Refused, unauthenticated } from './authenticate.ts'
import type { Credential } from './credential.ts'
import type { CredentialSet } from './credential-set.ts'

export type TokenOptions = {
  readonly issuer: string
  readonly audience: string
  /** Where the issuer's public keys are. What a token itself names is never fetched. */
  readonly jwksUrl: string
  /** The claim that says whose token it is. */
  readonly claim: string
  /** The credentials in force; their `subjects` say what each token stands for. */
  readonly credentials: () => CredentialSet
  /** Milliseconds since the epoch. */
  readonly now?: () => number
  /** How long to leave the issuer alone after its keys could not be fetched, milliseconds. */
  readonly coolDownMs?: number
}

/** Signatures that only the holder of a private key can make: none that our public copy of it could forge, and not none. */
const ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
]
/** What the issuer's clock and ours may differ by. */
const LEEWAY_SECONDS = 5
/** How long a token that was verified is believed; a key that its issuer withdrew is noticed after that. */
const BELIEVED_MS = 300_000
const MAX_BELIEVED = 10_000

/**
 * Whose a JSON Web Token is: verified by the keys of its issuer, which are fetched when they are needed, kept for ten
 * minutes, and asked for anew at most every 30 seconds when a token names one that is not among them.
 */
export function createReadToken(
  options: TokenOptions,
): (token: string) => Credential | Refused | Promise<Credential | Refused> {
  const { issuer, audience, claim, credentials, now = Date.now } = options
  const keyOf = createKeyOf(new URL(options.jwksUrl), options.coolDownMs ?? 5000)
  // By the token's hash: how long a look-up takes says nothing about a token.
  const believed = new Map<string, { readonly subject: string; readonly until: number }>()

  return function readToken(token) {
    const key = hash('sha256', token)
    const known = believed.get(key)
    if (known && known.until > now()) return credentialOf(known.subject)
    return verify(token, key)
  }

  async function verify(token: string, key: string): Promise<Credential | Refused> {
    try {
      const { payload } = await jwtVerify(token, keyOf, {
        ...{ issuer, audience, algorithms: ALGORITHMS },
        requiredClaims: ['exp', claim],
        clockTolerance: LEEWAY_SECONDS,
        currentDate: new Date(now()),
      })
      const subject = payload[claim]
      if (typeof subject !== 'string') return NOT_VALID
      // When it is full it starts anew: simpler than an order of use.
      if (believed.size >= MAX_BELIEVED) believed.clear()
      believed.set(key, { subject, until: Math.min(payload.exp! * 1000, now() + BELIEVED_MS) })
      return credentialOf(subject)
    } catch (error) {
      if (error instanceof KeysUnavailableError) return UNAVAILABLE
      return error instanceof errors.JWTExpired ? EXPIRED : NOT_VALID
    }
  }

  /** Looked up anew each time: what the file takes away is gone at once. */
  function credentialOf(subject: string): Credential | Refused {
    return credentials().bySubject.get(subject) ?? NO_CREDENTIAL
  }
}

/** The issuer's keys could not be fetched, so nothing is known about the token. */
class KeysUnavailableError extends Error {
  override readonly name = 'KeysUnavailableError'
  readonly code = 'jwks-unavailable'
}

function createKeyOf(url: URL, coolDownMs: number): JWTVerifyGetKey {
  let failedAt = Number.NEGATIVE_INFINITY
  const fetchKeys: typeof fetch = async (...request) => {
    if (performance.now() - failedAt < coolDownMs) throw new Error('The issuer did not answer a moment ago.')
    try {
      const response = await fetch(...request)
      if (!response.ok) failedAt = performance.now()
      return response
    } catch (error) {
      failedAt = performance.now()
      throw error
    }
  }
  const jwks = createRemoteJWKSet(url, { [customFetch]: fetchKeys })
  return async (header, token) => {
    try {
      return await jwks(header, token)
    } catch (cause) {
      if (cause instanceof errors.JWKSNoMatchingKey || cause instanceof errors.JWKSMultipleMatchingKeys)
        throw cause
      throw new KeysUnavailableError('The keys of the issuer cannot be fetched.', { cause })
    }
  }
}

const NOT_VALID = unauthenticated('token', 'This token is not valid here.')
const EXPIRED = unauthenticated('expired', 'This token has expired. Ask its issuer for a new one.')
const NO_CREDENTIAL: Refused = Object.freeze({
  refused: 'not-allowed',
  reason: 'no-credential',
  detail: 'The token is valid, but no credential is for whom it names.',
})
const UNAVAILABLE: Refused = Object.freeze({
  refused: 'jwks-unavailable',
  reason: 'unavailable',
  detail: 'The token could not be checked: the keys of its issuer cannot be fetched. Send it again later.',
})
