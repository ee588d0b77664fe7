import { createKafkaJsClient, type KafkaClient } from '@sluice/kafka'
import { baseSettings, parseSettings, toKafkaConnection } from '@sluice/service'

/**
 * The Kafka that an environment describes, with the same variables as every service.
 * @throws SettingsError when it describes none.
 */
export function kafkaFromEnvironment(env: NodeJS.ProcessEnv, name: string): KafkaClient {
  const config = parseSettings(baseSettings, env)
  return createKafkaJsClient(toKafkaConnection(config, name))
}
