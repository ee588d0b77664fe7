import { execFile } from 'node:child_process'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { findJava } from './java.ts'
import type { ExtraListeners } from './kafka-properties.ts'

export type BrokerCertificate = {
  /** For the broker's TLS listeners. */
  readonly keystore: NonNullable<ExtraListeners['keystore']>
  /** The certificate as PEM, for clients that shall trust it. */
  readonly caFile: string
}

/** Makes a key and a certificate of its own for a broker, valid for two days, in a folder. */
export async function createBrokerCertificate(
  folder: string,
  host = 'localhost',
): Promise<BrokerCertificate> {
  const keytool = join(dirname(await findJava()), 'keytool')
  const run = promisify(execFile)
  const keystore = { path: join(folder, 'broker.p12'), password: 'keystore-password' }
  const caFile = join(folder, 'broker.pem')
  const store = ['-keystore', keystore.path, '-storepass', keystore.password, '-storetype', 'PKCS12']
  const named = [...store, '-alias', 'broker']
  const subject = ['-dname', `CN=${host}`, '-ext', `san=dns:${host}`, '-validity', '2', '-keyalg', 'RSA']
  await run(keytool, ['-genkeypair', ...named, ...subject])
  await run(keytool, ['-exportcert', '-rfc', ...named, '-file', caFile])
  return { keystore, caFile }
}
