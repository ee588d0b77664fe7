export type { ReadinessCheck } from './admin-server.ts'
export { type BaseConfig, baseSettings, parseProcessSettings } from './base-settings.ts'
export {
  HandlerTimeoutError,
  OutputError,
  PoisonError,
  SchemaError,
  type SettingProblem,
  SettingsError,
} from './errors.ts'
export type { Framing } from './framing.ts'
export type { EventHandler, HandlerContext, HandlerResult } from './handler.ts'
export { type Outcome, outcomeRecord, outcomesSetting } from './outcome.ts'
export { pause } from './pause.ts'
export { type ProcessContext, type RunningProcess, runProcess } from './process.ts'
export { type ConsumerSpec, runConsumer } from './run-consumer.ts'
export {
  type Config,
  integer,
  port,
  type SettingDescription,
  type Settings,
} from './settings.ts'
