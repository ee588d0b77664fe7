import { createKafkaJsClient, type KafkaClient } from '@sluice/kafka'
import { parseProcessSettings } from '@sluice/service'

/**
 * The Kafka that an environment describes, with the same variables as every service.
 * @throws SettingsError with every problem at once when it describes none.
 */
export function kafkaFromEnvironment(env: NodeJS.ProcessEnv, name: string): KafkaClient {
  return createKafkaJsClient(parseProcessSettings({}, env, name).connection)
}
