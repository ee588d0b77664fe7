import { catalogue, laneTopic, planTopics } from '@sluice/events'
import type { Admin } from '@sluice/kafka'

/** The lane topics of each type. */
export const LANES_OF = new Map(
  catalogue.map(({ definition: { type, lanes } }) => [type, lanes.map((lane) => laneTopic(type, lane))]),
)

/** Every topic of the catalogue. */
export const TOPICS = planTopics(catalogue).map(({ topic }) => topic)

/** Where every topic ends and what every group has committed, as text to be compared. */
export async function takeStock(admin: Admin): Promise<string> {
  const lines: string[] = []
  for (const topic of TOPICS) {
    const ends = (await admin.topicOffsets(topic)).map(({ partition, high }) => `${partition}:${high}`)
    lines.push(`${topic} ${ends.toSorted().join(' ')}`)
  }
  for (const { definition, services } of catalogue) {
    for (const service of services) {
      for (const topic of LANES_OF.get(definition.type)!) {
        const offsets = (await admin.groupOffsets(service, topic)).map(
          ({ partition, offset }) => `${partition}:${offset}`,
        )
        lines.push(`${service} at ${topic} ${offsets.toSorted().join(' ')}`)
      }
    }
  }
  return lines.join('\n')
}
