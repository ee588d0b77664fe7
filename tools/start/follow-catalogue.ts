import type { ProcessPlan } from './processes.ts'

/** What has to happen so that the running services are those of the catalogue. */
export type Following = { readonly joining: readonly ProcessPlan[]; readonly leaving: readonly string[] }

/** The answer of a running start to the request `reload`: what changed, or why it did not. */
export type ReloadAnswer =
  | {
      readonly ok: true
      readonly ingest: string
      readonly brokers: string
      /** Whether its Kafka is somebody else's, given by KAFKA_BROKERS. */
      readonly given: boolean
      readonly topics: readonly string[]
      readonly joined: readonly {
        readonly name: string
        readonly pid: number
        readonly admin: string | undefined
      }[]
      readonly left: readonly string[]
    }
  | { readonly ok: false; readonly detail: string }

/**
 * Compares what runs with what is planned. A service that runs keeps its admin port, whatever the order of the catalogue
 * is now; one that joins gets the first port behind all of them.
 * @param running services, with their admin addresses
 * @param planned services in catalogue order, with the ports that a start would give them
 */
export function followCatalogue(
  running: readonly { readonly name: string; readonly admin: string | undefined }[],
  planned: readonly ProcessPlan[],
): Following {
  const names = new Set(running.map(({ name }) => name))
  const wanted = new Set(planned.map(({ name }) => name))
  const behind = Math.max(0, ...running.map(({ admin }) => portOf(admin))) + 1
  let next = running.length > 0 ? behind : portOf(planned[0]?.admin)
  return {
    leaving: running.map(({ name }) => name).filter((name) => !wanted.has(name)),
    joining: planned.filter(({ name }) => !names.has(name)).map((plan) => withPort(plan, next++)),
  }
}

function portOf(admin: string | undefined): number {
  return admin === undefined ? 0 : Number(new URL(admin).port)
}

function withPort(plan: ProcessPlan, port: number): ProcessPlan {
  const admin = new URL(plan.admin!)
  admin.port = String(port)
  return { ...plan, admin: admin.origin, env: { ...plan.env, ADMIN_PORT: String(port) } }
}
