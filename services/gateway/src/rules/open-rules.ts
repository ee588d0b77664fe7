import type { CatalogueEntry } from '@sluice/events'
import { decodePublishedRules, parseRules, RULES_KEY, type RuleSet } from '@sluice/rules'
import { SettingsError } from '@sluice/service'
import { type Logger, type Metrics, OUTDATED_FILES } from '@sluice/telemetry'
import type { BadRecord } from '../control/follow-control-topic.ts'
import { followFiles } from '../follow-files.ts'
import { type ActiveRules, createActiveRules } from './active-rules.ts'

type ControlRecord = { readonly key: Buffer | null; readonly value: Buffer | null }

export type OpenRules = ActiveRules & {
  /**
   * Takes a record of `control.rules`: rules that were published for all gateways stand before the file until they are
   * withdrawn. What cannot be used changes nothing; why not is returned.
   */
  apply(record: ControlRecord): BadRecord | undefined
  stop(): void
}

/**
 * The rules of the file, which is read now, and again whenever it changes. Rejects with `SettingsError` when it cannot be
 * used now; a later change is taken whole or not at all.
 */
export async function openRules(options: {
  readonly file: string
  readonly entries: readonly CatalogueEntry[]
  readonly metrics: Metrics
  readonly log: Logger
  /** How soon a change of the file is in force, at the latest; 250 ms without. */
  readonly everyMs?: number
}): Promise<OpenRules> {
  const { file, entries, metrics, log } = options
  const definitions = entries.map(({ definition }) => definition)
  const active = createActiveRules({ entries, metrics })
  const outdated = metrics.gauge(OUTDATED_FILES, { file: 'rules' })
  /** Whether what each origin has last said can be used. */
  const isUsable = { file: true, topic: true }
  let ofFile: RuleSet | undefined
  let isPublished = false

  const followed = await followFiles({
    paths: [file],
    everyMs: options.everyMs ?? 250,
    apply([text]) {
      ofFile = parseRules(text!, definitions, file)
      if (isPublished)
        log.info({ file, version: ofFile.version }, 'the rule file changed; published rules stay in force')
      else takeFile()
    },
    report(error) {
      tell('file', error)
      if (error)
        log.error({ err: error, file }, 'the rule file cannot be used; the rules before stay in force')
    },
  }).catch((cause: Error) => {
    const problem = `${file} cannot be used.\n${cause.message}`
    throw new SettingsError([{ variable: 'RULES_FILE', problem }], { cause })
  })

  return { ...active, apply, stop: followed.stop }

  function apply({ key, value }: ControlRecord): BadRecord | undefined {
    if (key?.toString() !== RULES_KEY) return { reason: 'key', detail: `The key is not "${RULES_KEY}".` }
    try {
      if (value === null) {
        const wasPublished = isPublished
        isPublished = false
        if (wasPublished) takeFile()
      } else {
        const { text, by, why } = decodePublishedRules(value)
        const set = parseRules(text, definitions, 'control.rules')
        isPublished = true
        active.take(set, { from: 'topic', by, why })
        log.info({ version: set.version, rules: set.rules.length, by, why }, 'published rules are in force')
      }
      tell('topic', undefined)
      return undefined
    } catch (error) {
      tell('topic', error as Error)
      return { reason: 'rules', detail: `The rules before stay in force. ${(error as Error).message}` }
    }
  }

  function takeFile(): void {
    active.take(ofFile!, { from: 'file', by: file })
    log.info(
      { file, version: ofFile!.version, rules: ofFile!.rules.length },
      'the rules of the file are in force',
    )
  }

  function tell(origin: 'file' | 'topic', error: Error | undefined): void {
    isUsable[origin] = error === undefined
    outdated.set(isUsable.file && isUsable.topic ? 0 : 1)
  }
}
