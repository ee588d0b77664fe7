import { DEFAULT_TENANT, LANES } from '@sluice/events'
import { z } from 'zod'
import { HASH_FORM } from './api-key.ts'

const NAME = /^[a-z0-9]+([._-][a-z0-9]+)*$/
const name = z
  .string()
  .max(64)
  .regex(NAME, 'must be lower-case letters and digits, with single . _ - between them')
const instant = z.iso.datetime({ error: 'must be a time like 2026-11-24T17:00:00Z' })

const keySchema = z.strictObject({
  id: z.string().regex(/^[0-9a-f]{12}$/, 'must be the 12 digits after "slc_" in the key'),
  hash: z
    .string()
    .regex(
      HASH_FORM,
      'must be "sha256:" and the hash of the key; npm run keys writes it. Never the key itself',
    ),
  created: instant,
  /** From then on the key is refused. Absent: it does not end by itself. */
  expires: instant.optional(),
})

const positive = z.int('must be a whole number').min(1, 'must be at least 1')

const limitsSchema = z
  .strictObject({
    /** On average. */
    eventsPerSecond: positive.optional(),
    /** How many events may come at once; as many as in a second without. */
    burst: positive.optional(),
    /** Requests that post, at once. */
    concurrentRequests: positive.optional(),
  })
  .refine(({ burst, eventsPerSecond }) => burst === undefined || eventsPerSecond !== undefined, {
    path: ['burst'],
    message: 'needs eventsPerSecond',
  })

const certificateName = z
  .string()
  .max(1024)
  .regex(
    /^(subject:\S|URI:\S|email:\S|DNS:[^A-Z\s]+$)/,
    'must be "subject:CN=shop,O=Example", or a name beside it like "URI:spiffe://example.com/shop", "DNS:shop.example.com", in lower case, or "email:shop@example.com"',
  )

const credentialSchema = z.strictObject({
  name,
  tenant: name.default(DEFAULT_TENANT),
  /** The source of events that come without one; `/producers/<name>` without. */
  source: z
    .string()
    .regex(/^[^\p{Cc}]{1,512}$/u, 'must have 1 to 512 characters, none of them a control character')
    .optional(),
  types: z.union([z.literal('*'), z.array(z.string())], {
    error: 'must be "*", which is every type that producers post, or a list of types',
  }),
  maxPriority: z.enum(LANES, { error: `must be one of ${LANES.join(', ')}` }).default('normal'),
  limits: limitsSchema.default({}),
  /** Whose tokens stand for it, where tokens are taken. */
  subjects: z.array(z.string().min(1).max(512)).default([]),
  /** The names whose client certificates stand for it, where such are taken. */
  certificates: z.array(certificateName).default([]),
  keys: z.array(keySchema).default([]),
})

const documentSchema = z
  .strictObject({ credentials: z.array(credentialSchema) })
  .superRefine(({ credentials }, context) => {
    const check = (what: string, seen: Set<string>, value: string, path: (string | number)[]) => {
      if (seen.has(value))
        context.addIssue({ code: 'custom', path, message: `is the ${what} of another, too` })
      seen.add(value)
    }
    const names = new Set<string>()
    const ids = new Set<string>()
    const subjects = new Set<string>()
    const certificates = new Set<string>()
    credentials.forEach((credential, at) => {
      check('name', names, credential.name, ['credentials', at, 'name'])
      credential.keys.forEach(({ id }, n) => {
        check('id', ids, id, ['credentials', at, 'keys', n, 'id'])
      })
      credential.subjects.forEach((subject, n) => {
        check('subject', subjects, subject, ['credentials', at, 'subjects', n])
      })
      credential.certificates.forEach((name, n) => {
        check('certificate', certificates, name, ['credentials', at, 'certificates', n])
      })
    })
  })

/** The file of credentials, read and checked. Holds no secret. */
export type CredentialsDocument = z.output<typeof documentSchema>
export type CredentialEntry = CredentialsDocument['credentials'][number]
export type KeyEntry = CredentialEntry['keys'][number]
export type LimitsEntry = CredentialEntry['limits']

/** The file of credentials cannot be used. The message names each place and what should be there, and no value. */
export class CredentialsError extends Error {
  override readonly name = 'CredentialsError'
  readonly code = 'credentials-file'
}

/** @throws CredentialsError */
export function parseCredentials(text: string): CredentialsDocument {
  const result = documentSchema.safeParse(parseJson(text))
  if (result.success) return result.data
  const problems = result.error.issues.map((issue) => `  ${placeOf(issue.path)}: ${messageOf(issue)}`)
  throw new CredentialsError(['The credentials are not valid:', ...problems].join('\n'))
}

/** As it stands in the file: what is as by default is left out. */
export function formatCredentials(document: CredentialsDocument): string {
  const credentials = document.credentials.map(({ limits, subjects, certificates, ...rest }) => ({
    ...rest,
    ...(Object.keys(limits).length > 0 && { limits }),
    ...(subjects.length > 0 && { subjects }),
    ...(certificates.length > 0 && { certificates }),
  }))
  return `${JSON.stringify({ credentials }, null, 2)}\n`
}

/** V8's own message would quote the text. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const [, position] = /position (\d+)/.exec((error as Error).message) ?? []
    const where = position === undefined ? '' : `: see line ${lineOf(text, Number(position))}`
    throw new CredentialsError(`The credentials are not JSON${where}.`)
  }
}

function lineOf(text: string, position: number): number {
  return text.slice(0, position).split('\n').length
}

function placeOf(path: readonly PropertyKey[]): string {
  const place = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('')
  return place.replace(/^\./, '') || 'the document'
}

function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys')
    return `has ${issue.keys.length} unknown member(s): is one misspelt?`
  if (issue.code === 'invalid_type') return `must be ${issue.expected}`
  return issue.message
}
