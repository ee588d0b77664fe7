import type { BlockMarks } from './derived-block.ts'

/** What repeats the list of services in a file that is otherwise by hand. Services come in catalogue order. */
export type ServiceBlock = {
  readonly path: string
  readonly marks: BlockMarks
  lines(services: readonly string[]): string[]
}

const MARKS: BlockMarks = {
  begin: '# The services of the catalogue: npm run derive',
  end: '# The services: end',
}

export const serviceBlocks: readonly ServiceBlock[] = [
  { path: 'docker-compose.yml', marks: MARKS, lines: (services) => services.flatMap(composeService) },
  {
    path: 'infra/prometheus/prometheus.yml',
    marks: MARKS,
    lines: (services) => services.map((service) => `- ${service}`),
  },
  {
    path: 'infra/prometheus/alerts.yml',
    marks: MARKS,
    lines: (services) => services.flatMap(missingAlert),
  },
  {
    path: '.github/workflows/release.yml',
    marks: MARKS,
    lines: (services) => services.map((service) => `- ${service}`),
  },
]

function composeService(service: string): string[] {
  return [
    `${service}:`,
    '  <<: *process',
    `  image: \${SLUICE_IMAGES:-sluice}/${service}:\${SLUICE_VERSION:-local}`,
    '  build:',
    '    context: .',
    '    args:',
    `      SERVICE: ${service}`,
    '',
  ]
}

function missingAlert(service: string): string[] {
  return [
    '- alert: SluiceServiceMissing',
    `  expr: absent(up{job="sluice", service="${service}"})`,
    '  for: 2m',
    `  labels: { severity: page, service: ${service} }`,
    '  annotations:',
    `    summary: No replica of ${service} is known; its events wait and its lag is not seen.`,
  ]
}
