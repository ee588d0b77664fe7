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
    redact: redactPaths(SECRETS),
  }
  // Not pino's own writer: at exit it waits for ever for a pipe that nobody reads any more.
  return pino(settings, options.destination ?? process.stdout)
}

/**
 * A child of a logger of ours that also redacts personal data. Each pointer (a JSON Pointer into an event's data, `*` for
 * every element or member) and each end of it is looked for at the top of what is logged and one level down:
 * `/customer/email` is found in `{ customer }`, `{ order: { customer } }` and `{ email }`.
 */
export function redactPersonalData(log: Logger, pointers: readonly string[]): Logger {
  if (pointers.length === 0) return log
  const names = pointers.flatMap((pointer) => {
    const steps = pointer.slice(1).split('/')
    return steps.map((_, from) => toPath(steps.slice(from))).filter((path) => !path.startsWith('[*]'))
  })
  // A child's redaction takes the place of its parent's.
  return log.child({}, { redact: redactPaths([...SECRETS, ...new Set(names)]) })
}

function redactPaths(names: readonly string[]) {
  const paths = names.flatMap((name) => [name, name.startsWith('[') ? `*${name}` : `*.${name}`])
  return { paths, censor: '[redacted]' }
}

/** As pino spells it. */
function toPath(steps: readonly string[]): string {
  return steps
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((step, at) => {
      if (step === '*') return '[*]'
      if (/^[A-Za-z_$][\w$]*$/.test(step)) return at === 0 ? step : `.${step}`
      return `[${JSON.stringify(step)}]`
    })
    .join('')
}
