import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

// Nothing but Node's own modules: the doctor imports it before any package is installed.

/** An entry of the catalogue, as far as completeness goes. */
export type EntryFacts = {
  readonly definition: { readonly type: string; readonly origin: string; readonly lanes: readonly string[] }
  readonly services: readonly string[]
}

/** Something that is made for every service. `places` are files and folders; as soon as one exists, all have to be there. */
type Artefact = {
  readonly what: string
  readonly places: readonly string[]
  /** Files whose text counts. */
  readonly files: RegExp
  /** Whether the place is about services at all, before anybody asks for each. */
  readonly applies?: RegExp
  /** What serves all types at once, by their label. */
  readonly serves?: RegExp
}

const ARTEFACTS: readonly Artefact[] = [
  { what: 'compose entry', places: ['docker-compose.yml'], files: /\.ya?ml$/, applies: /^ {2}gateway:/m },
  { what: 'scrape target', places: ['infra/prometheus/prometheus.yml'], files: /\.ya?ml$/ },
  {
    what: 'alert',
    places: ['infra/prometheus/alerts.yml', 'infra/prometheus/alerts'],
    files: /\.ya?ml$/,
  },
  {
    what: 'dashboard',
    places: ['infra/grafana/dashboards'],
    files: /\.json$/,
    serves: /label_values\([^)]*, ?(type|service)\)/,
  },
  { what: 'k8s entry', places: ['infra/k8s'], files: /\.(ya?ml|json)$/ },
]

const SERVICE_FILES = ['handler.test.ts', 'handler.ts', 'main.ts', 'package.json']

/**
 * What a type or a service of the catalogue lacks, each as a sentence: definition, services, topics, tests, its place in
 * the lockfile and in what is derived; and, as soon as the repository has such things at all, its compose entry, alert,
 * dashboard and k8s entry.
 * @param topics that are planned for the catalogue
 */
export function findGaps(root: string, entries: readonly EntryFacts[], topics: readonly string[]): string[] {
  const read = (path: string) => (existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : '')
  const lockfile = read('pnpm-lock.yaml')
  const list = read('packages/events/src/definitions.ts')
  const pages = [
    { path: 'docs/event-types.md', text: read('docs/event-types.md') },
    { path: '.env.example', text: read('.env.example') },
  ]
  const artefacts = ARTEFACTS.map((artefact) => ({ ...artefact, text: readArtefact(root, artefact) }))
  const ofTypes = entries.flatMap(({ definition: { type, origin, lanes }, services }) => [
    ...lack(!read(`packages/events/src/definitions/${type}.ts`), `${type} has no definition file.`),
    ...lack(
      !list.includes(`'./definitions/${type}.ts'`),
      `${type} is not in packages/events/src/definitions.ts.`,
    ),
    ...lack(
      origin === 'producer' && services.length === 0,
      `${type} has no service: its events would end nowhere.`,
    ),
    ...lanes
      .map((lane) => `events.${type}.${lane}`)
      .flatMap((topic) => lack(!topics.includes(topic), `${type} has no topic ${topic}.`)),
    ...lack(!names(pages[0]!.text, type), `${type} is not in ${pages[0]!.path}.`),
  ])
  const ofServices = entries.flatMap(({ definition: { type }, services }) =>
    services.flatMap((service) => [
      ...SERVICE_FILES.map((file) => `services/${service}/${file}`).flatMap((path) =>
        lack(!existsSync(join(root, path)), `${service} has no ${path}.`),
      ),
      ...lack(!topics.includes(`events.${type}.${service}.dlq`), `${service} has no topic for dead letters.`),
      ...lack(!lockfile.includes(`\n  services/${service}:\n`), `${service} is not in pnpm-lock.yaml.`),
      ...pages.flatMap(({ path, text }) => lack(!names(text, service), `${service} is not in ${path}.`)),
      ...artefacts.flatMap(({ what, places, text, applies, serves }) => {
        if (text === undefined || (applies && !applies.test(text)) || serves?.test(text)) return []
        return lack(!names(text, service), `${service} has no ${what} in ${places[0]}.`)
      }),
    ]),
  )
  return [...ofTypes, ...ofServices]
}

function lack(lacking: boolean, sentence: string): string[] {
  return lacking ? [sentence] : []
}

/** As a word of its own: `order-placed` is not in `order-placed-again`. */
function names(text: string, name: string): boolean {
  return new RegExp(`(?<![\\w-])${name}(?![\\w-])`).test(text)
}

/** The text of all its files, or nothing when there are none yet. */
function readArtefact(root: string, { places, files }: Artefact): string | undefined {
  const texts = places.flatMap((place) =>
    filesIn(root, place)
      .filter((path) => files.test(path))
      .map((path) => readFileSync(join(root, path), 'utf8')),
  )
  return texts.length === 0 ? undefined : texts.join('\n')
}

function filesIn(root: string, place: string): string[] {
  const path = join(root, place)
  if (!existsSync(path)) return []
  try {
    return readdirSync(path, { recursive: true, encoding: 'utf8' }).map((file) => join(place, file))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return [place]
    throw error
  }
}
