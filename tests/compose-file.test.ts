import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { catalogue, listServices } from '@sluice/events'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'

const ROOT = join(import.meta.dirname, '..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const compose = parse(read('docker-compose.yml'), { merge: true }) as {
  services: Record<string, Service>
  volumes: Record<string, unknown>
}

type Service = {
  readonly image: string
  readonly build?: { readonly args: { readonly SERVICE: string } }
  readonly profiles?: readonly string[]
  readonly container_name?: string
  readonly ports?: readonly string[]
  readonly volumes?: readonly string[]
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly environment: Readonly<Record<string, string>>
  readonly mem_limit?: string
  readonly read_only?: boolean
  readonly cap_drop?: readonly string[]
  readonly security_opt?: readonly string[]
  readonly stop_grace_period?: string
}

const consumers = [...new Set(listServices(catalogue).map(({ service }) => service))]
const ours = ['topics', 'gateway', ...consumers]

describe('the compose file', () => {
  it('runs every process, and nothing else unless it is asked to', () => {
    const byDefault = Object.entries(compose.services).flatMap(([name, { profiles }]) =>
      profiles ? [] : [name],
    )
    expect(byDefault.toSorted()).toEqual(['kafka', ...ours].toSorted())
    for (const name of ours) {
      expect(compose.services[name]!.build!.args.SERVICE).toBe(name)
      expect(compose.services[name]!.image).toContain(`/${name}:`)
    }
  })

  it.each(Object.keys(compose.services))('bounds what %s may take and do', (name) => {
    const { mem_limit, cap_drop, security_opt } = compose.services[name]!
    expect(mem_limit).toMatch(/^\d+[mg]$/)
    expect(cap_drop).toEqual(['ALL'])
    expect(security_opt).toEqual(['no-new-privileges:true'])
  })

  it.each(ours)('gives %s a file system that it cannot write', (name) => {
    expect(compose.services[name]!.read_only).toBe(true)
  })

  it.each(ours)('starts %s when what it needs is there', (name) => {
    const needs =
      name === 'topics' ? { kafka: 'service_healthy' } : { topics: 'service_completed_successfully' }
    const { depends_on = {} } = compose.services[name]!
    expect(
      Object.fromEntries(Object.entries(depends_on).map(([on, { condition }]) => [on, condition])),
    ).toEqual(needs)
  })

  it.each(consumers)('lets %s be scaled: it has no name and no port of its own on the host', (name) => {
    expect(compose.services[name]!.container_name).toBeUndefined()
    expect(compose.services[name]!.ports).toBeUndefined()
  })

  it('gives a process more time to stop than it takes', () => {
    const grace = Number(/SHUTDOWN_GRACE_MS=(\d+)/.exec(read('.env.example'))![1])
    for (const name of ours) {
      const [, seconds] = /^\$\{STOP_GRACE:-(\d+)s\}$/.exec(compose.services[name]!.stop_grace_period!)!
      expect(Number(seconds) * 1000).toBeGreaterThan(grace + 1000)
    }
  })

  it('runs the stream jobs like every process of ours, and only when they are asked for', () => {
    const { profiles, read_only, depends_on, environment } = compose.services['flood-guard']!
    expect(profiles).toEqual(['streams'])
    expect(read_only).toBe(true)
    expect(depends_on).toEqual({ topics: { condition: 'service_completed_successfully' } })
    expect(environment['KAFKA_BROKERS']).toBe('kafka:19092')
  })

  it('publishes ports on this machine only, and lets each be moved', () => {
    const ports = Object.values(compose.services).flatMap((service) => service.ports ?? [])
    expect(ports.length).toBeGreaterThan(4)
    for (const port of ports)
      expect(port).toMatch(/^(127\.0\.0\.1|\$\{\w+:-127\.0\.0\.1\}):\$\{\w+:-\d+\}:\d+$/)
  })

  it('tells clients on the host and in containers an address that each can reach', () => {
    const { KAFKA_LISTENERS, KAFKA_ADVERTISED_LISTENERS } = compose.services['kafka']!.environment
    const ports = (text: string) =>
      Object.fromEntries(text.split(',').map((one) => [one.split(':')[0], one.replace(/^.*:/, '')]))
    const listens = ports(KAFKA_LISTENERS!)
    expect(KAFKA_ADVERTISED_LISTENERS!.split(/,(?=[A-Z])/)).toEqual([
      `HOST://localhost:\${KAFKA_PORT:-${listens['HOST']}}`,
      `INTERNAL://kafka:${listens['INTERNAL']}`,
    ])
    for (const name of ours)
      expect(compose.services[name]!.environment['KAFKA_BROKERS']).toBe(`kafka:${listens['INTERNAL']}`)
  })

  it('keeps data in volumes with names', () => {
    const named = Object.values(compose.services)
      .flatMap(({ volumes = [] }) => volumes)
      .map((volume) => volume.split(':')[0]!)
      .filter((source) => !source.startsWith('.'))
    expect([...new Set(named)].toSorted()).toEqual(Object.keys(compose.volumes).toSorted())
  })
})

describe('the Dockerfile', () => {
  const dockerfile = read('Dockerfile')

  it('builds with the Node and the pnpm that the root commands bring', () => {
    const toolchain = read('tools/run/toolchain.mjs')
    const [, node] = /NODE_VERSIONS = \['([^']+)'/.exec(toolchain)!
    const [, pnpm] = /PNPM_VERSION = '([^']+)'/.exec(toolchain)!
    expect(dockerfile).toContain(`FROM node:${node}-`)
    expect(dockerfile).toContain(`pnpm@${pnpm}\n`)
    expect(dockerfile).toContain(`/nodejs${node!.split('.')[0]}-`)
  })

  it('ends in an image without a shell, whose commands need none', () => {
    const last = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '))
    expect(last).toMatch(/^\nFROM \S*distroless\S*:nonroot\n/)
    expect(last).not.toMatch(/^RUN /m)
    for (const [, form] of last.matchAll(/\bCMD (.)/g)) expect(form).toBe('[')
  })

  it('lets only what a bundle is made of into the build', () => {
    const [all, ...rest] = read('.dockerignore')
      .split('\n')
      .filter((line) => line && !line.startsWith('#'))
    expect(all).toBe('*')
    expect(rest).toEqual(expect.arrayContaining(['**/node_modules', '**/.env*']))
  })
})
