import type { Socket } from 'node:net'
import { apiKeyIdOf, isApiKeyLike, isApiKeyWhole, isKeyOf } from '@sluice/credentials'
import type { ProblemCode } from '../problems.ts'
import { ANYBODY, type Credential } from './credential.ts'
import type { CredentialSet } from './credential-set.ts'

/** Why a request is not served. */
export type Refused = {
  readonly refused: ProblemCode
  readonly reason: RefusalReason
  readonly detail: string
}

/** For the metric: what a caller did wrong, in more detail than the caller is told. */
export type RefusalReason =
  | 'missing'
  | 'malformed'
  | 'unknown'
  | 'wrong-secret'
  | 'expired'
  | 'token'
  | 'certificate'
  | 'no-credential'
  | 'unavailable'

/**
 * Who sends this `Authorization`; without one, whose certificate the connection has. Answers at once but for a token that
 * was not verified before: then with a promise. Never rejects.
 */
export type Authenticate = (
  authorization: string | undefined,
  connection: Socket,
) => Credential | Refused | Promise<Credential | Refused>

/** Where no credentials are asked for. */
export const authenticateAnybody: Authenticate = () => ANYBODY

export type AuthenticateOptions = {
  /** The credentials in force. */
  readonly credentials: () => CredentialSet
  /** Who a token that is no key of ours stands for; absent: tokens are not taken. */
  readonly readToken?: ((token: string) => Credential | Refused | Promise<Credential | Refused>) | undefined
  /** Who the certificate of a connection stands for, undefined where it has none; absent: certificates are not taken. */
  readonly readCertificate?: ((connection: Socket) => Credential | Refused | undefined) | undefined
  /** Milliseconds since the epoch. */
  readonly now?: () => number
}

/** By API key, and by token and by client certificate where there is somebody to read these. What is sent is what counts: a certificate never helps a wrong key. */
export function createAuthenticate(options: AuthenticateOptions): Authenticate {
  const { credentials, readToken, readCertificate, now = Date.now } = options

  return function authenticate(authorization, connection) {
    if (authorization === undefined) return readCertificate?.(connection) ?? MISSING
    const token = BEARER.exec(authorization)?.[1]
    if (token === undefined) return MALFORMED
    if (isApiKeyLike(token)) return readKey(token)
    return readToken ? readToken(token) : MALFORMED
  }

  function readKey(token: string): Credential | Refused {
    const id = apiKeyIdOf(token)
    if (id === undefined) return MALFORMED
    const key = credentials().keys.get(id)
    // An unknown id costs the same hash and comparison: how long an answer takes says nothing about what exists.
    const isRight = isKeyOf(key?.digest ?? NO_DIGEST, token)
    if (key && isRight) return key.expiresAt > now() ? key.credential : EXPIRED
    if (!isApiKeyWhole(token)) return MALFORMED
    return key ? WRONG_SECRET : UNKNOWN
  }
}

export function isRefused(who: Credential | Refused): who is Refused {
  return 'refused' in who
}

/** Who is not known, or not any more. */
export function unauthenticated(reason: RefusalReason, detail: string): Refused {
  return Object.freeze({ refused: 'unauthenticated', reason, detail })
}

/** RFC 6750, 2.1. */
const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i
const NO_DIGEST = Buffer.alloc(64)

const MISSING = unauthenticated('missing', 'Send a key: "Authorization: Bearer slc_…".')
const MALFORMED = unauthenticated(
  'malformed',
  'This is not a key, or not all of it. Send it whole: "Authorization: Bearer slc_…".',
)
// The same for both: whether an id exists is nobody's business.
const NOT_VALID = 'This key is not valid. Ask for a new one.'
const UNKNOWN = unauthenticated('unknown', NOT_VALID)
const WRONG_SECRET = unauthenticated('wrong-secret', NOT_VALID)
const EXPIRED = unauthenticated('expired', 'This key has expired. Use the one that took its place.')
