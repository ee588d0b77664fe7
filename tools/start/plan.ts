import { join } from 'node:path'
import { listServices } from '@sluice/events'
import { type StartOptions, UsageError } from './options.ts'
import type { ProcessPlan } from './processes.ts'

/** The processes of a start beside Kafka, and the ports that they want. */
export type StartPlan = {
  readonly ingest: string
  readonly gateway: ProcessPlan
  /** In catalogue order. */
  readonly services: readonly ProcessPlan[]
  readonly demo: ProcessPlan
  /** The stream jobs' processes. `libs` are Flink's jars; the port is for the flood guard's admin server. */
  streams(libs: string, guardPort: number): readonly ProcessPlan[]
  /** Each with the flag that moves it. */
  readonly ports: readonly { readonly port: number; readonly flag: string; readonly wantedBy: string }[]
}

const HOST = '127.0.0.1'

/** Where two processes can listen on one port, and the kernel deals the connections out. */
export const CAN_SHARE_PORTS = process.platform === 'linux' || process.platform === 'freebsd'

/**
 * Plans the gateway, a process per service, and the demo. What the environment sets already stays, but for
 * ports, the admin interface and Kafka, which are ours.
 * @throws UsageError when two want the same port.
 */
export function planStart(
  root: string,
  entries: Parameters<typeof listServices>[0],
  options: Pick<StartOptions, 'ingestPort' | 'adminPort' | 'kafkaPort'>,
  brokers: string,
  env: NodeJS.ProcessEnv,
): StartPlan {
  const { ingestPort, adminPort, kafkaPort } = options
  const ingest = `http://${HOST}:${ingestPort}`
  const plan = (
    name: string,
    main: string,
    port: number,
    extra: Record<string, string> = {},
  ): ProcessPlan => ({
    name,
    script: join(root, 'services', name, main),
    admin: `http://${HOST}:${port}`,
    readyBy: 'admin',
    env: {
      // Half of what we wait for before a SIGKILL.
      SHUTDOWN_GRACE_MS: env['SHUTDOWN_GRACE_MS'] ?? '5000',
      KAFKA_BROKERS: brokers,
      ADMIN_HOST: HOST,
      ADMIN_PORT: String(port),
      ...extra,
    },
  })
  const gateway = plan('gateway', 'src/main.ts', adminPort, {
    GATEWAY_PORT: String(ingestPort),
    GATEWAY_HOST: env['GATEWAY_HOST'] ?? HOST,
    SHARE_PORTS: CAN_SHARE_PORTS ? 'on' : 'off',
  })
  const services = listServices(entries).map(({ service }, index) =>
    plan(service, 'main.ts', adminPort + 1 + index),
  )
  const ports = [
    { port: ingestPort, flag: '--port', wantedBy: 'the gateway' },
    { port: adminPort, flag: '--admin-port', wantedBy: "the gateway's admin server" },
    ...services.map(({ name }, index) => ({
      port: adminPort + 1 + index,
      flag: '--admin-port',
      wantedBy: `${name}'s admin server`,
    })),
  ]
  checkPorts([...ports, { port: kafkaPort, flag: '--kafka-port', wantedBy: 'Kafka' }])
  const demo: ProcessPlan = {
    name: 'demo',
    script: join(root, 'tools', 'demo.ts'),
    args: ['--url', ingest],
    readyBy: 'spawn',
  }
  const streams = (libs: string, guardPort: number): ProcessPlan[] => [
    {
      name: 'flink',
      script: join(root, 'tools', 'start', 'local-flink.ts'),
      args: [libs, flinkDataDir(root), brokers],
      readyBy: 'message',
      ownsProcess: true,
    },
    {
      name: 'flood-guard',
      script: join(root, 'tools', 'streams', 'flood-guard.ts'),
      args: [join(root, '.sluice', 'flood-guard', 'state')],
      env: { KAFKA_BROKERS: brokers, ADMIN_HOST: HOST, ADMIN_PORT: String(guardPort) },
      admin: `http://${HOST}:${guardPort}`,
      readyBy: 'message',
    },
  ]
  return { ingest, gateway, services, demo, streams, ports }
}

/** Where the local Flink keeps its checkpoints. They belong to the local Kafka's data: they hold offsets in it. */
export function flinkDataDir(root: string): string {
  return join(root, '.sluice', 'flink', 'data')
}

function checkPorts(ports: StartPlan['ports']): void {
  const taken = new Map<number, string>()
  for (const { port, flag, wantedBy } of ports) {
    if (port > 65_535) throw new UsageError(`${wantedBy} would need port ${port}; choose a lower ${flag}.`)
    const other = taken.get(port)
    if (other !== undefined) {
      throw new UsageError(`${other} and ${wantedBy} both want port ${port}; choose another ${flag}.`)
    }
    taken.set(port, wantedBy)
  }
}
