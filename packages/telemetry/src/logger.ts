import { type DestinationStream, type Logger, pino } from 'pino'

export type { Logger }

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** Whatever is called like this is never written, at the top or one level down. */
const SECRETS = ['password', 'secret', 'token', 'authorization', 'cookie', 'apiKey', 'data', 'value', 'body']

/**
 * JSON lines with `time` (RFC 3339), `level` (name), `service` and `msg`. Payloads and secrets are redacted
 * by name; what a message text contains is the caller's care: no text is built from payloads.
 */
export function createLogger(options: {
  service: string
  level: LogLevel
  destination?: DestinationStream
}): Logger {
  const settings = {
    level: options.level,
    base: { service: options.service },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
  }
  // Not pino's own writer: at exit it waits for ever for a pipe that nobody reads any more.
  return pino(settings, options.destination ?? process.stdout)
}
