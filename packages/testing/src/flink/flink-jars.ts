import { fileURLToPath } from 'node:url'
import { resolveMavenFolder } from '../maven-folder.ts'

const POM = fileURLToPath(new URL('../../../../streams/flink/pom.xml', import.meta.url))

/** Where the jars and the state of `npm start -- --streams` live. Ignored by git. */
export const FLINK_CACHE_DIR = fileURLToPath(new URL('../../../../.sluice/flink', import.meta.url))

/**
 * The folder with the jars of Apache Flink that streams/flink/pom.xml names. The first call lets Maven fetch them (about
 * 150 MB); later ones need neither Maven nor a network. Two processes may call this at the same time.
 * @throws LocalKafkaError `java-missing`, `maven-missing` or `flink-jars`.
 */
export function resolveFlinkJars(onProgress: (line: string) => void = () => {}): Promise<string> {
  return resolveMavenFolder({
    pom: POM,
    goal: ['dependency:copy-dependencies', '-DincludeScope=runtime'],
    what: 'Apache Flink',
    size: '150 MB',
    code: 'flink-jars',
    instead: 'do without the stream jobs',
    cacheDir: FLINK_CACHE_DIR,
    onProgress,
  })
}
