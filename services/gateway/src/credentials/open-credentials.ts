import { parseCredentials } from '@sluice/credentials'
import type { CatalogueEntry } from '@sluice/events'
import { SettingsError } from '@sluice/service'
import { type Logger, type Metrics, OUTDATED_FILES } from '@sluice/telemetry'
import { followFiles } from '../follow-files.ts'
import { suggest } from '../suggest.ts'
import { type Authenticate, authenticateAnybody, createAuthenticate } from './authenticate.ts'
import { ANYBODY, type Credential } from './credential.ts'
import { type CredentialSet, createCredentialSet } from './credential-set.ts'
import { createReadCertificate } from './read-certificate.ts'
import { createReadToken, type TokenOptions } from './read-token.ts'

export type OpenCredentials = {
  readonly authenticate: Authenticate
  /** The types that a credential may post now, by its name; none when there is no such credential. */
  typesOf(name: string): Credential['types']
  stop(): void
}

/**
 * Who may post, by the file of credentials: read now, which rejects with `SettingsError` when it cannot be used, and again whenever it changes.
 * A change is taken whole or not at all. Without a file anybody may.
 */
export async function openCredentials(options: {
  readonly file: string | undefined
  /** Whose tokens are taken, too; nobody's without. */
  readonly tokens?: Omit<TokenOptions, 'credentials'> | undefined
  /** Whether client certificates are taken, too. */
  readonly certificates?: boolean
  readonly entries: readonly CatalogueEntry[]
  readonly metrics: Metrics
  readonly log: Logger
  /** How soon a change of the file is in force, at the latest; a second without. */
  readonly everyMs?: number
}): Promise<OpenCredentials> {
  const { file, entries, metrics, log } = options
  if (file === undefined) {
    log.warn('anybody who reaches the gateway may post: GATEWAY_CREDENTIALS_FILE is not set')
    return { authenticate: authenticateAnybody, typesOf: () => ANYBODY.types, stop() {} }
  }
  const outdated = metrics.gauge(OUTDATED_FILES, { file: 'credentials' })
  let current: CredentialSet | undefined
  const followed = await followFiles({
    paths: [file],
    everyMs: options.everyMs ?? 1000,
    apply([text]) {
      current = createCredentialSet(parseCredentials(text!), current)
      outdated.set(0)
      const keys = current.keys.size
      log.info({ file, credentials: current.credentials.length, keys }, 'credentials are in force')
      warnOfUnknownTypes(current)
    },
    report(error) {
      if (!error) return
      outdated.set(1)
      log.error({ err: error, file }, 'the credentials cannot be used; those before stay in force')
    },
  }).catch((cause: Error) => {
    const problem = `${file} cannot be used. ${cause.message}`
    throw new SettingsError([{ variable: 'GATEWAY_CREDENTIALS_FILE', problem }], { cause })
  })
  const credentials = () => current!
  const readToken = options.tokens && createReadToken({ ...options.tokens, credentials })
  const readCertificate = options.certificates ? createReadCertificate({ credentials }) : undefined
  return {
    authenticate: createAuthenticate({ credentials, readToken, readCertificate }),
    typesOf: (name) => credentials().credentials.find((one) => one.name === name)?.types ?? NO_TYPES,
    stop: followed.stop,
  }

  /** No error: a grant of what is not there allows nothing, and must not keep a revoked key alive. */
  function warnOfUnknownTypes({ credentials }: CredentialSet): void {
    const known = entries.map(({ definition }) => definition.type)
    for (const { name, types } of credentials) {
      if (types === '*') continue
      for (const type of types) {
        if (known.includes(type)) continue
        log.warn(
          { credential: name, type, nearest: suggest(type, known) },
          'a credential names a type that is not there',
        )
      }
    }
  }
}

const NO_TYPES: ReadonlySet<string> = new Set()
