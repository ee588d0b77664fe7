import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { catalogue, type EventDefinition, planTopics, type TopicPlan } from '@sluice/events'

/** An entry, without its functions. */
export type EntryFacts = {
  readonly definition: Pick<EventDefinition, 'type' | 'origin' | 'lanes'>
  readonly services: readonly string[]
}

/** What a start and the doctor need to know of the catalogue. */
export type CatalogueFacts = {
  readonly entries: readonly EntryFacts[]
  readonly topics: readonly TopicPlan[]
}

/** The facts of the catalogue that this process has loaded. */
export function catalogueFacts(env: NodeJS.ProcessEnv): CatalogueFacts {
  return {
    entries: catalogue.map(({ definition: { type, origin, lanes }, services }) => ({
      definition: { type, origin, lanes },
      services,
    })),
    topics: planTopics(catalogue, {
      outcomes: env['OUTCOMES'] === 'on',
      quarantine: env['QUARANTINE'] !== 'off',
      control: true,
    }),
  }
}

/**
 * The facts of the catalogue as its files are now, read by another process: this one keeps the modules that it has.
 * Rejects, with what that process wrote, when they cannot be loaded.
 */
export async function readCatalogue(env: NodeJS.ProcessEnv): Promise<CatalogueFacts> {
  const { stdout } = await promisify(execFile)(process.execPath, [fileURLToPath(import.meta.url)], { env })
  return JSON.parse(stdout)
}

if (import.meta.main) console.log(JSON.stringify(catalogueFacts(process.env)))
