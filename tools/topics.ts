import { catalogue, planTopics } from '@sluice/events'
import { readOptions } from './command-line.ts'
import { createTopics } from './start/create-topics.ts'
import { requireGivenKafka } from './start/given-kafka.ts'
import { kafkaFromEnvironment } from './start/kafka-from-environment.ts'
import { registerCatalogue } from './start/register-schemas.ts'

const HELP = `Creates the topics of the catalogue in the Kafka that the environment names (KAFKA_BROKERS and so on).
Existing topics are compared and left as they are. With SCHEMA_REGISTRY_URL it also registers the schemas there, with
the compatibility of SCHEMA_REGISTRY_COMPATIBILITY (BACKWARD), and ends with 1 when the registry refuses one. It is a step
of its own because it needs rights that the gateway and the services do not.

  npm run topics -- [options]

  --replication-factor <n>   the brokers' default without it
  --outcomes                 also the topic that books are kept in (OUTCOMES=on)
  --dry-run                  print the plan and do nothing
  --help                     this text`

const values = readOptions(
  {
    'replication-factor': { type: 'string', default: '-1' },
    outcomes: { type: 'boolean', default: false },
    'dry-run': { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h' },
  },
  HELP,
)
const plans = planTopics(catalogue, { outcomes: values.outcomes, quarantine: true, control: true })
const replicationFactor = Number(values['replication-factor'])

if (values.help) console.log(HELP)
else if (!isReplicationFactor(replicationFactor)) {
  const given = values['replication-factor']
  console.error(
    `--replication-factor must be a number from 1 on, or -1 for the default, not "${given}".\n\n${HELP}`,
  )
  process.exitCode = 2
} else if (values['dry-run']) {
  for (const { topic, partitions, retentionMs, compacted } of plans) {
    const kept = retentionMs < 0 ? 'for ever' : `${retentionMs / 86_400_000} days`
    console.log(`${topic}  ${partitions} partitions, kept ${kept}${compacted ? ', compacted' : ''}`)
  }
} else await create()

function isReplicationFactor(value: number): boolean {
  return Number.isInteger(value) && (value === -1 || (value >= 1 && value <= 32_767))
}

async function create(): Promise<void> {
  try {
    await requireGivenKafka(process.env)
    const admin = await kafkaFromEnvironment(process.env, 'topics').admin()
    try {
      const report = await createTopics(admin, plans, replicationFactor)
      for (const topic of report.created) console.log(`created ${topic}`)
      for (const difference of report.differences) console.log(`left as it is: ${difference}`)
      console.log(`${report.created.length} created, ${report.present.length} there already.`)
    } finally {
      await admin.close()
    }
    const schemas = await registerCatalogue(process.env)
    if (!schemas) return
    for (const subject of schemas.registered) console.log(`registered the schema of ${subject}`)
    console.log(`${schemas.registered.length} schemas registered, ${schemas.present.length} there already.`)
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error))
    process.exitCode = 1
  }
}
