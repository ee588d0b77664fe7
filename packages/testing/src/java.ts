import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { LocalKafkaError } from './errors.ts'

/** The broker of Kafka 4 needs it. */
const OLDEST_JAVA = 17

/**
 * The path of a Java that can run Kafka: the one of `JAVA_HOME`, else the one on the PATH.
 * @throws LocalKafkaError `java-missing` when there is none or it is older than 17.
 */
export async function findJava(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const java = env['JAVA_HOME'] ? join(env['JAVA_HOME'], 'bin', 'java') : 'java'
  const hint = `Install a JDK ${OLDEST_JAVA} or newer, or use Docker, or set KAFKA_BROKERS to a running Kafka.`
  const banner = await readBanner(java, env).catch((cause) => {
    throw new LocalKafkaError('java-missing', `"${java}" does not run. ${hint}`, { cause })
  })
  const major = javaMajor(banner)
  if (major === undefined || major < OLDEST_JAVA) {
    const found = major === undefined ? 'of an unknown version' : `version ${major}`
    throw new LocalKafkaError('java-missing', `"${java}" is ${found}; Kafka needs ${OLDEST_JAVA}. ${hint}`)
  }
  return java
}

/**
 * The path of a Java of at least this version: as `findJava` looks, then what `JAVA_HOME_…` variables name, as the
 * machines of CI services have them, then where Linux distributions install several side by side. Undefined when there
 * is none.
 */
export async function findNewerJava(
  oldest: number,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string | undefined> {
  const named = Object.entries(env).flatMap(([name, home]) =>
    /^JAVA_HOME_\d/.test(name) && home ? [home] : [],
  )
  const installed = await readdir(JVM_FOLDER).catch(() => [])
  const homes = [...named, ...installed.map((name) => join(JVM_FOLDER, name))]
  const usual = env['JAVA_HOME'] ? join(env['JAVA_HOME'], 'bin', 'java') : 'java'
  for (const java of [usual, ...homes.map((home) => join(home, 'bin', 'java'))]) {
    const major = javaMajor(await readBanner(java, env).catch(() => ''))
    if (major !== undefined && major >= oldest) return java
  }
  return undefined
}

const JVM_FOLDER = '/usr/lib/jvm'

/** The major version that `java -version` prints: `17.0.15` and `21-ea` as they are, `1.8.0_402` as 8. */
export function javaMajor(banner: string): number | undefined {
  const match = /version "(?:1\.)?(\d+)/.exec(banner)
  return match ? Number(match[1]) : undefined
}

function readBanner(java: string, env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(java, ['-version'], { env }, (error, stdout, stderr) =>
      error ? reject(error) : resolve(`${stderr}${stdout}`),
    )
  })
}
