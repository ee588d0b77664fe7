import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { buildFloodGuard, findJava, freePort, waitFor, whyNoFloodGuard } from '@sluice/testing'
import { afterEach, describe, expect, inject, it } from 'vitest'
import { openWorld, type World } from './world.ts'

/** The JVM starts, restores and commits; a busy machine takes its time. */
const SLOW = { timeoutMs: 60_000 }
const obstacle = await whyNoFloodGuard(console.error)
if (obstacle !== undefined) console.error(`The flood guard is not tested. ${obstacle}`)

describe.skipIf(obstacle !== undefined)('the flood guard on a real Kafka', () => {
  let world: World

  afterEach(async () => {
    await world?.close()
  })

  it('suppresses a flood, and nobody else, and lifts that when it has ended', async () => {
    world = await openWorld(inject('brokers'), {
      FLOOD_MIN_RATE: '50',
      FLOOD_HOLD_SECONDS: '5',
      FLOOD_CALM_SECONDS: '5',
    })
    const others = ['/shop', '/app', '/partner']
    await waitFor(async () => {
      await Promise.all(others.map((source, partition) => world.send({ source, events: 20, partition })))
      await world.send({ source: '/flood', events: 600 })
      return world.decisions('/flood').length > 0
    }, SLOW)
    const [raised] = world.decisions('/flood')
    expect(raised).toMatchObject({
      id: `flood/default//flood/${world.type}`,
      action: 'suppress',
      scope: { tenant: 'default', source: '/flood', type: world.type },
      by: 'flood-guard',
    })
    expect(Date.parse(raised!.until) - Date.parse(raised!.from)).toBe(5000)
    const evidence = raised!.evidence as { rate: number; limit: number }
    expect(evidence.rate).toBeGreaterThan(evidence.limit)
    const top = await waitFor(() => world.topTalkers(), SLOW)
    expect(top.talkers[0]).toMatchObject({ source: '/flood', state: 'suppressed' })
    expect(await world.metric('suppressed_sources')).toBe(1)

    // The gateways would not let it in any more.
    await waitFor(() => world.decisions('/flood').at(-1) === null, SLOW)
    for (const source of others) expect(world.decisions(source)).toEqual([])
    await waitFor(async () => (await world.metric('suppressed_sources')) === 0, SLOW)
  })

  it('goes on after kill -9 with every count, none lost and none doubled', async () => {
    // The window outlives the restart.
    world = await openWorld(inject('brokers'), {
      FLOOD_WINDOW_SECONDS: '300',
      FLOOD_LATE_SECONDS: '300',
      FLOOD_MIN_RATE: '10',
      FLOOD_HOLD_SECONDS: '600',
    })
    const counted = async () => {
      const { talkers } = await world.topTalkers()
      return Math.round((talkers.find(({ source }) => source === '/steady')?.rate ?? 0) * 300)
    }
    for (const partition of [0, 1, 2]) await world.send({ source: '/steady', events: 500, partition })
    await waitFor(async () => (await counted()) > 0, SLOW)
    // Some counts are handed on by now, and some perhaps not.
    await world.killAndStartAgain()
    await waitFor(async () => (await counted()) === 1500, {
      ...SLOW,
      describe: 'the counts of before the kill',
    })
    for (const partition of [0, 1, 2]) await world.send({ source: '/steady', events: 600, partition })
    await waitFor(() => world.decisions('/steady').length === 1, SLOW)
    await waitFor(async () => (await counted()) === 3300, SLOW)

    await world.killAndStartAgain()
    const top = await waitFor(async () => {
      const found = await world.topTalkers()
      return found.talkers.length > 0 && found
    }, SLOW)
    expect(top.talkers).toMatchObject([{ source: '/steady', rate: 11, state: 'suppressed' }])
    expect(world.decisions('/steady')).toHaveLength(1)
  })

  it('counts what is late and uneven, and nothing of a history that is replayed', async () => {
    world = await openWorld(inject('brokers'), {
      FLOOD_MIN_RATE: '100',
      FLOOD_WINDOW_SECONDS: '60',
      FLOOD_LATE_SECONDS: '120',
      FLOOD_HOLD_SECONDS: '600',
    })
    const now = Date.now()
    // One partition has an hour of history before what counts, one is half a minute ahead of the third.
    await world.send({ source: '/shop', events: 20_000, partition: 0, receivedAt: now - 3_600_000 })
    await world.send({ source: '/shop', events: 3000, partition: 1, receivedAt: now })
    await waitFor(async () => (await world.metric('events_total{result="counted"}')) === 3000, SLOW)
    expect(world.decisions('/shop')).toEqual([])
    await world.send({ source: '/shop', events: 2500, partition: 0, receivedAt: now - 20_000 })
    await world.send({ source: '/shop', events: 2500, partition: 2, receivedAt: now - 30_000 })
    await waitFor(() => world.decisions('/shop').length === 1, SLOW)
    expect(await world.metric('events_total{result="counted"}')).toBe(8000)
    expect(await world.metric('events_total{result="stale"}')).toBe(20_000)
    expect((await world.topTalkers()).talkers[0]!.rate).toBeCloseTo(8000 / 60)
  })

  it('keeps what it cannot read as dead letters, and counts the rest; tenants apart', async () => {
    world = await openWorld(inject('brokers'), { FLOOD_MIN_RATE: '20', FLOOD_HOLD_SECONDS: '600' })
    await world.write({ key: 'c-1', value: 'no event' }, 1)
    await world.write({ key: 'c-2', value: null }, 2)
    await waitFor(() => world.deadLetters().length === 2, SLOW)
    expect(world.deadLetters().map(({ value }) => value?.toString() ?? null)).toEqual(
      expect.arrayContaining(['no event', null]),
    )
    expect(await world.metric('events_total{result="dead-letter"}')).toBe(2)
    await waitFor(async () => {
      await world.send({ source: '/shop', tenant: 'acme', events: 200 })
      await world.send({ source: '/shop', events: 5 })
      return world.decisions('/shop', 'acme').length > 0
    }, SLOW)
    expect(world.decisions('/shop')).toEqual([])
  })

  it('is taken over by another instance, and each of them knows who has the top talkers', async () => {
    world = await openWorld(inject('brokers'), { FLOOD_LATE_SECONDS: '600', FLOOD_MIN_RATE: '1000' })
    await world.send({ source: '/shop', events: 100 })
    await waitFor(async () => (await world.topTalkers()).talkers.length === 1, SLOW)
    const another = await world.startAnother()
    const ask = (admin: string, redirect: 'manual' | 'follow') =>
      fetch(`${admin}/v1/top-talkers`, { redirect })
    const instances = [world.guard(), another]
    const answers = await waitFor(async () => {
      const found = await Promise.all(instances.map(({ admin }) => ask(admin, 'manual')))
      return (
        found
          .map(({ status }) => status)
          .toSorted()
          .join() === '200,307' && found
      )
    }, SLOW)
    const holder = instances[answers.findIndex(({ status }) => status === 200)]!
    const other = instances.find((each) => each !== holder)!
    const { talkers } = (await (await ask(other.admin, 'follow')).json()) as { talkers: unknown }
    expect(talkers).toMatchObject([{ source: '/shop' }])

    await holder.kill()
    await waitFor(async () => {
      const answer = await ask(other.admin, 'manual')
      const { talkers } = (await answer.json()) as { talkers: readonly { source: string }[] }
      return talkers[0]?.source === '/shop'
    }, SLOW)
  })

  it('stops with 0 when it is told to, or when whoever started it is gone; with 2 when it is not configured', async () => {
    world = await openWorld(inject('brokers'), {})
    await world.guard().stop()
    expect(await world.guard().exited).toBe(0)

    const libs = await buildFloodGuard()
    const run = async (env: Record<string, string>) => {
      const args = ['-cp', join(libs, '*'), 'sluice.floodguard.FloodGuard', '--stop-with-stdin']
      const jvm = spawn(await findJava(), args, {
        env: { ...process.env, ADMIN_PORT: String(await freePort()), ...env },
        stdio: ['pipe', 'ignore', 'pipe'],
      })
      let errors = ''
      jvm.stderr.on('data', (chunk) => {
        errors += chunk
      })
      jvm.stdin.end()
      const code = await new Promise((resolve) => jvm.once('close', resolve))
      return { code, errors }
    }
    expect(await run({ KAFKA_BROKERS: inject('brokers') })).toMatchObject({ code: 0 })
    expect(await run({ KAFKA_BROKERS: 'somewhere', FLOOD_RATIO: 'x' })).toEqual({
      code: 2,
      errors: expect.stringMatching(/KAFKA_BROKERS: must be host:port.*\n\s+FLOOD_RATIO: must be a number/),
    })
  })
})
