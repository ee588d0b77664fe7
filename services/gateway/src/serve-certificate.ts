import { createPrivateKey, X509Certificate } from 'node:crypto'
import { createSecureContext, type Server as TlsServer } from 'node:tls'
import { SettingsError } from '@sluice/service'
import { type Logger, type Metrics, OUTDATED_FILES } from '@sluice/telemetry'
import { followFiles } from './follow-files.ts'

/** What connections may speak at the least. */
const MIN_VERSION = 'TLSv1.2'

/**
 * Gives a server its certificate and key, and the authorities of clients, and again whenever the files change: new connections get the new ones, open ones
 * go on. Files that do not fit, as for a moment while both are replaced, change nothing.
 * Rejects with `SettingsError` when they cannot be used the first time.
 */
export async function serveCertificate(
  server: Pick<TlsServer, 'setSecureContext'>,
  options: {
    readonly certFile: string
    readonly keyFile: string
    /** Whose signatures on client certificates count; absent: nobody's. */
    readonly clientCaFile?: string | undefined
    readonly metrics: Metrics
    readonly log: Logger
    /** How soon a change of the files is in force, at the latest; a second without. */
    readonly everyMs?: number
  },
): Promise<{ stop(): void }> {
  const { certFile, keyFile, clientCaFile, metrics, log, everyMs = 1000 } = options
  const outdated = metrics.gauge(OUTDATED_FILES, { file: 'certificate' })
  return followFiles({
    paths: [certFile, keyFile, ...(clientCaFile === undefined ? [] : [clientCaFile])],
    everyMs,
    apply([cert, key, ca]) {
      const context = { cert: cert!, key: key!, minVersion: MIN_VERSION, ...authoritiesOf(ca) } as const
      // A key file that is empty for a moment would count as no key at all.
      if (!new X509Certificate(cert!).checkPrivateKey(createPrivateKey(key!)))
        throw new Error('The key is not that of the certificate.')
      // A server whose context cannot be set has half of it; so it is tried beside it first.
      createSecureContext(context)
      server.setSecureContext(context)
      outdated.set(0)
      log.info({ certFile }, 'the certificate is in force')
    },
    report(error) {
      if (!error) return
      outdated.set(1)
      log.error(
        { err: error, certFile, keyFile, clientCaFile },
        'the certificate cannot be used; the one before stays in force',
      )
    },
  }).catch((cause: Error) => {
    const files = { GATEWAY_TLS_CERT_FILE: certFile, GATEWAY_TLS_KEY_FILE: keyFile }
    const all = clientCaFile === undefined ? files : { ...files, GATEWAY_TLS_CLIENT_CA_FILE: clientCaFile }
    const problems = Object.entries(all).map(([variable, file]) => ({
      variable,
      problem: `${file}, or one that belongs to it, cannot be used. ${cause.message}`,
    }))
    throw new SettingsError(problems, { cause })
  })
}

/** A file without a certificate would leave Node with its own list: every authority that browsers trust. */
function authoritiesOf(text: string | undefined): { readonly ca?: string[] } {
  if (text === undefined) return {}
  const ca = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  if (ca.length === 0) throw new Error('There is no certificate of an authority.')
  for (const one of ca) new X509Certificate(one)
  return { ca }
}
