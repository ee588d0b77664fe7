export { type BrokerCertificate, createBrokerCertificate } from './broker-certificate.ts'
export { type BuildEventOptions, buildEvent } from './builders.ts'
export { createPlannedTopics } from './create-planned-topics.ts'
export { LocalKafkaError, type LocalKafkaErrorCode } from './errors.ts'
export { FLINK_CACHE_DIR, resolveFlinkJars } from './flink/flink-jars.ts'
export type { JobCounts, JobMonitor } from './flink/job-monitor.ts'
export { listJobs, streamSettings } from './flink/job-script.ts'
export {
  type LocalFlink,
  type LocalFlinkOptions,
  type StreamJob,
  startLocalFlink,
} from './flink/local-flink.ts'
export { findJava } from './java.ts'
export { type ResolveKafkaJarsOptions, resolveKafkaJars } from './kafka-jars.ts'
export type { ExtraListeners, ForwardedListener, KafkaUser } from './kafka-properties.ts'
export {
  buildFloodGuard,
  type LocalFloodGuard,
  type LocalFloodGuardOptions,
  spawnLocalFloodGuard,
  startLocalFloodGuard,
  whyNoFloodGuard,
} from './local-flood-guard.ts'
export { type LocalKafka, type LocalKafkaOptions, startLocalKafka } from './local-kafka.ts'
export {
  type LocalRegistry,
  type LocalRegistryOptions,
  startLocalRegistry,
  whyNoRegistry,
} from './local-registry.ts'
export {
  createMemoryBroker,
  type Hold,
  type MemoryBroker,
  type MemoryBrokerOptions,
  type ProduceFault,
} from './memory-broker.ts'
export { freePort, isPortFree, type PortOwner, portOwner } from './port-owner.ts'
export { KAFKA_CACHE_DIR, KAFKA_IMAGE, type RealBroker, startRealBroker } from './real-broker.ts'
export { uniqueName } from './unique-name.ts'
export { type WaitForOptions, waitFor } from './wait-for.ts'
