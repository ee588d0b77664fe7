import { catalogue } from '@sluice/events'
import { expect, it } from 'vitest'
import { planStart } from './plan.ts'

const DEFAULTS = { ingestPort: 8080, adminPort: 9080, kafkaPort: 9092 }
const plan = (options: Partial<typeof DEFAULTS> = {}, env: NodeJS.ProcessEnv = {}) =>
  planStart('/repo', catalogue, { ...DEFAULTS, ...options }, 'kafka:9092', env)

it('deals the admin ports in catalogue order, the gateway first', () => {
  const { gateway, services } = plan()
  expect([gateway, ...services].map(({ name, admin }) => `${name} ${admin}`)).toEqual([
    'gateway http://127.0.0.1:9080',
    'order-placed http://127.0.0.1:9081',
    'payment-failed http://127.0.0.1:9082',
    'page-viewed http://127.0.0.1:9083',
    'user-registered http://127.0.0.1:9084',
    'shipment-delayed http://127.0.0.1:9085',
    'payment-succeeded http://127.0.0.1:9086',
    'checkout-abandoned http://127.0.0.1:9087',
  ])
})

it('gives each process its ports and the Kafka', () => {
  const { gateway, services } = plan({ ingestPort: 18080, adminPort: 19080 })
  expect(gateway.script).toBe('/repo/services/gateway/src/main.ts')
  expect(gateway.env).toMatchObject({
    GATEWAY_PORT: '18080',
    GATEWAY_HOST: '127.0.0.1',
    ADMIN_PORT: '19080',
    KAFKA_BROKERS: 'kafka:9092',
  })
  expect(services[0]!.env).toMatchObject({ ADMIN_PORT: '19081', KAFKA_BROKERS: 'kafka:9092' })
  expect(services[0]!.env).not.toHaveProperty('GATEWAY_PORT')
})

it('leaves what the environment says about the rest', () => {
  const { gateway } = plan({}, { GATEWAY_HOST: '0.0.0.0', SHUTDOWN_GRACE_MS: '900' })
  expect(gateway.env).toMatchObject({ GATEWAY_HOST: '0.0.0.0', SHUTDOWN_GRACE_MS: '900' })
})

it('refuses ports that collide among themselves', () => {
  expect(() => plan({ ingestPort: 9083 })).toThrow(
    "the gateway and page-viewed's admin server both want port 9083; choose another --admin-port.",
  )
  expect(() => plan({ kafkaPort: 8080 })).toThrow('--kafka-port')
  expect(() => plan({ adminPort: 65_533 })).toThrow('choose a lower --admin-port')
})
