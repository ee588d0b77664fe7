import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

/** PEM. */
export type TestCertificate = { readonly cert: string; readonly key: string }

export type IssueOptions = {
  /** In the order of the certificate: the outermost first. */
  readonly subject: readonly (readonly ['CN' | 'O', string])[]
  readonly names?: readonly (readonly ['email' | 'DNS' | 'URI', string])[]
  /** When it ends; far away without. */
  readonly until?: Date | undefined
}

/** A certificate of a test, signed by itself, and its key. Written by hand because Node signs none. */
export function createSelfSigned(commonName: string): TestCertificate {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const subject = [['CN', commonName]] as const
  return write({ subject, issuer: subject, issuerKey: keys.privateKey, key: keys.privateKey, extensions: [] })
}

/** Who signs the certificates of others, in a test. */
export function createAuthority(commonName: string) {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const issuer = [['CN', commonName]] as const
  const isAuthority = extension('551d13', sequence(der(0x01, Buffer.from([0xff]))))
  const { cert } = write({
    ...{ subject: issuer, issuer, issuerKey: privateKey, key: privateKey },
    extensions: [isAuthority],
  })
  return {
    cert,
    issue({ subject, names = [], until }: IssueOptions): TestCertificate {
      const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
      const alternative = names.map(([kind, name]) => der(NAME_TAGS[kind], Buffer.from(name)))
      const extensions = names.length > 0 ? [extension('551d11', sequence(...alternative))] : []
      return write({ subject, issuer, issuerKey: privateKey, key, extensions, until })
    },
  }
}

/** RFC 5280, 4.2.1.6. */
const NAME_TAGS = { email: 0x81, DNS: 0x82, URI: 0x86 } as const
const ATTRIBUTES = { CN: '550403', O: '55040a' } as const

type Subject = IssueOptions['subject']

/** RFC 5280, 4.1. */
function write(parts: {
  readonly subject: Subject
  readonly issuer: Subject
  readonly issuerKey: KeyObject
  readonly key: KeyObject
  readonly extensions: readonly Buffer[]
  readonly until?: Date | undefined
}): TestCertificate {
  const { subject, issuer, issuerKey, key, extensions, until = new Date('2049-12-31') } = parts
  const ecdsaWithSha256 = sequence(der(0x06, Buffer.from('2a8648ce3d040302', 'hex')))
  const content = sequence(
    ...(extensions.length > 0 ? [der(0xa0, der(0x02, Buffer.from([2])))] : []),
    der(0x02, Buffer.from([1])),
    ecdsaWithSha256,
    nameOf(issuer),
    sequence(timeOf(new Date('2020-01-01')), timeOf(until)),
    nameOf(subject),
    createPublicKey(key).export({ type: 'spki', format: 'der' }),
    ...(extensions.length > 0 ? [der(0xa3, sequence(...extensions))] : []),
  )
  const signature = sign('sha256', content, issuerKey)
  const certificate = sequence(content, ecdsaWithSha256, der(0x03, Buffer.from([0]), signature))
  return { cert: pem(certificate), key: key.export({ type: 'pkcs8', format: 'pem' }) as string }
}

function nameOf(subject: Subject): Buffer {
  const parts = subject.map(([attribute, value]) =>
    der(0x31, sequence(der(0x06, Buffer.from(ATTRIBUTES[attribute], 'hex')), der(0x0c, Buffer.from(value)))),
  )
  return sequence(...parts)
}

function timeOf(at: Date): Buffer {
  const digits = at.toISOString().replace(/\.\d+|[-:T]/g, '')
  return der(0x17, Buffer.from(digits.slice(2)))
}

function extension(oid: string, value: Buffer): Buffer {
  return sequence(der(0x06, Buffer.from(oid, 'hex')), der(0x04, value))
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, ...parts)
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const head =
    length < 128 ? [tag, length] : length < 256 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from(head), content])
}

function pem(certificate: Buffer): string {
  const lines = certificate.toString('base64').match(/.{1,64}/g)!
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}
