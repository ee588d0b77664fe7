import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { catalogue, planTopics } from '@sluice/events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findGaps } from './completeness.ts'

const ROOT = join(import.meta.dirname, '../..')
const TOPICS = planTopics(catalogue).map(({ topic }) => topic)

describe('the catalogue', () => {
  it('has everything for each type and each service', () => {
    expect(findGaps(ROOT, catalogue, TOPICS)).toEqual([])
  })
})

describe('findGaps', () => {
  const entry = {
    definition: { type: 'order-placed', origin: 'producer', lanes: ['high'] },
    services: ['order-placed'],
  }
  const topics = ['events.order-placed.high', 'events.order-placed.order-placed.dlq']
  let root: string
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'sluice-gaps-'))
    for (const path of [
      'services/order-placed',
      'packages/events/src/definitions/order-placed.ts',
      'packages/events/src/definitions.ts',
      'pnpm-lock.yaml',
      'docs/event-types.md',
      '.env.example',
    ]) {
      cpSync(join(ROOT, path), join(root, path), {
        recursive: true,
        filter: (source) => !source.includes('node_modules'),
      })
    }
  })
  afterEach(() => rmSync(root, { recursive: true }))

  const gaps = (known = topics) => findGaps(root, [entry], known).join('\n')

  it('finds nothing where nothing lacks', () => expect(gaps()).toBe(''))

  it.each([
    ['services/order-placed/handler.test.ts', /no services\/order-placed\/handler\.test\.ts/],
    ['services/order-placed/main.ts', /no services\/order-placed\/main\.ts/],
    ['packages/events/src/definitions/order-placed.ts', /no definition file/],
    ['packages/events/src/definitions.ts', /not in packages\/events\/src\/definitions\.ts/],
    ['pnpm-lock.yaml', /not in pnpm-lock\.yaml/],
    ['docs/event-types.md', /not in docs\/event-types\.md/],
    ['.env.example', /not in \.env\.example/],
  ])('misses %s', (path, sentence) => {
    rmSync(join(root, path))
    expect(gaps()).toMatch(sentence)
  })

  it('misses topics, and services of what producers post', () => {
    expect(gaps([])).toMatch(/no topic events\.order-placed\.high(.|\n)*no topic for dead letters/)
    expect(findGaps(root, [{ ...entry, services: [] }], topics)).toEqual([
      expect.stringMatching(/has no service/),
    ])
  })

  it.each([
    [
      'docker-compose.yml',
      'services:\n  gateway:\n    image: x\n',
      '  order-placed:\n    image: y\n',
      /no compose entry/,
    ],
    ['infra/prometheus/prometheus.yml', '- gateway\n', '- order-placed\n', /no scrape target/],
    ['infra/prometheus/alerts.yml', 'service="gateway"\n', 'service="order-placed"\n', /no alert/],
    ['infra/grafana/dashboards/a.json', '"order-placed-again"', '"order-placed"', /no dashboard/],
    ['infra/k8s/base/services.yaml', 'name: gateway\n', 'name: order-placed\n', /no k8s entry/],
  ])('asks for an entry in %s as soon as there is one', (path, without, entryOfIt, sentence) => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), without)
    expect(gaps()).toMatch(sentence)
    writeFileSync(join(root, path), without + entryOfIt)
    expect(gaps()).toBe('')
  })

  it('misses the entry of a second service of a type that has one', () => {
    writeFileSync(join(root, 'docker-compose.yml'), 'services:\n  gateway:\n  order-placed:\n')
    const both = { ...entry, services: ['order-placed', 'order-archive'] }
    expect(findGaps(root, [both], topics)).toContain(
      'order-archive has no compose entry in docker-compose.yml.',
    )
  })

  it('takes a compose file of Kafka alone, and a dashboard that shows every type by its label', () => {
    writeFileSync(join(root, 'docker-compose.yml'), 'services:\n  kafka:\n    image: x\n')
    mkdirSync(join(root, 'infra/grafana/dashboards'), { recursive: true })
    writeFileSync(join(root, 'infra/grafana/dashboards/a.json'), '"label_values(sluice_x_total, type)"')
    expect(gaps()).toBe('')
  })
})
