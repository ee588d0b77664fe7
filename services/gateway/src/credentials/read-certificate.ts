import type { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { type Refused, unauthenticated } from './authenticate.ts'
import type { Credential } from './credential.ts'
import type { CredentialSet } from './credential-set.ts'

/** A client certificate whose chain was verified: the names that it may stand for, and its end. */
type Verified = { readonly names: readonly string[]; readonly endsAt: number }

/**
 * Whose the client certificate of a connection is: its subject and the names beside it are looked for in the file of
 * credentials. All of them that are there have to be of one credential. A name counts only in a certificate that the
 * authority signed; who has none is nobody (undefined).
 *
 * The certificate is read once for a connection, the file and the clock are asked for each request: what the file takes away
 * is gone at once, and a connection does not outlive its certificate.
 */
export function createReadCertificate(options: {
  readonly credentials: () => CredentialSet
  /** Milliseconds since the epoch. */
  readonly now?: () => number
}): (connection: Socket) => Credential | Refused | undefined {
  const { credentials, now = Date.now } = options
  const seen = new WeakMap<Socket, Verified | Refused | 'none'>()

  return function readCertificate(connection) {
    let found = seen.get(connection)
    if (!found) {
      found = verifiedOf(connection)
      seen.set(connection, found)
    }
    if (found === 'none') return undefined
    if ('refused' in found) return found
    if (found.endsAt <= now()) return EXPIRED
    return credentialOf(found.names, credentials())
  }
}

/** The names of a certificate, written as in the file of credentials. */
export function namesOf({ subject, subjectAltName }: X509Certificate): string[] {
  const names = subject ? [`subject:${rfc2253(subject)}`] : []
  for (const [, kind, quoted, plain] of (subjectAltName ?? '').matchAll(ALTERNATIVE_NAME)) {
    const name = quoted === undefined ? plain! : (JSON.parse(quoted) as string)
    names.push(`${kind}:${kind === 'DNS' ? name.toLowerCase() : name}`)
  }
  return names
}

function verifiedOf(connection: Socket): Verified | Refused | 'none' {
  const certificate = connection instanceof TLSSocket ? connection.getPeerX509Certificate() : undefined
  if (!certificate) return 'none'
  if (!(connection as TLSSocket).authorized) return NOT_VERIFIED
  return { names: namesOf(certificate), endsAt: certificate.validToDate.getTime() }
}

function credentialOf(names: readonly string[], { byCertificate }: CredentialSet): Credential | Refused {
  let credential: Credential | undefined
  for (const name of names) {
    const found = byCertificate.get(name)
    if (found && credential && found !== credential) return AMBIGUOUS
    credential ??= found
  }
  return credential ?? NO_CREDENTIAL
}

/** Node quotes what could be taken for another name. */
const ALTERNATIVE_NAME = /(?:^|, )(DNS|URI|email):(?:("(?:[^"\\]|\\.)*")|([^,"]*))(?=, |$)/g

/** From Node's form, a part a line from the outermost on; special characters are escaped in both alike. */
function rfc2253(subject: string): string {
  const parts = subject.split('\n').map((part) => part.split(' + ').toReversed().join('+'))
  return parts.toReversed().join(',')
}

const NOT_VERIFIED = unauthenticated(
  'certificate',
  'The client certificate is not signed by an authority that is trusted here, or is not valid now.',
)
const EXPIRED = unauthenticated('expired', 'The client certificate has expired. Connect with a new one.')
const NO_CREDENTIAL: Refused = Object.freeze({
  refused: 'not-allowed',
  reason: 'no-credential',
  detail: 'The client certificate is valid, but no credential is for a name in it.',
})
const AMBIGUOUS: Refused = Object.freeze({
  refused: 'not-allowed',
  reason: 'no-credential',
  detail: 'The client certificate has names of several credentials.',
})
