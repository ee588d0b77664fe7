// A process without a use, for the tests of runProcess. What it does is said by FIXTURE_START and FIXTURE_STOP;
// it writes a line when it gets somewhere that a test waits for.
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { runProcess, SettingsError } from '../src/index.ts'

// runProcess must not depend on having been there when the parent went.
if (process.env['FIXTURE_AFTER_PARENT']) {
  console.log('waiting for the parent to go')
  await new Promise((resolve) => process.once('disconnect', resolve))
}

process.on('SIGTERM', () => console.log('got a signal'))

await runProcess({
  name: 'fixture',
  settings: {
    FIXTURE_START: z
      .enum(['well', 'throw', 'misconfigured', 'crash', 'reject', 'slowly'])
      .default('well')
      .describe('How to start.'),
    FIXTURE_STOP: z.enum(['well', 'never', 'throw']).default('well').describe('How to stop.'),
    FIXTURE_SECRET: z.string().optional().describe('Nobody may see it.'),
  },
  async start({ config, crash }) {
    const how = config.FIXTURE_START
    if (how === 'throw') throw new Error('it cannot start')
    if (how === 'misconfigured')
      throw new SettingsError([{ variable: 'FIXTURE_FILE', problem: 'cannot be used' }])
    if (how === 'crash') setImmediate(() => crash(new Error('it broke')))
    if (how === 'reject') setImmediate(() => void Promise.reject(new Error('nobody caught this')))
    if (how === 'slowly') await told('starting')
    return {
      checks: [{ name: 'fixture', check: () => ({ ok: true, detail: 'fine' }) }],
      async stop(graceMs) {
        console.log(`stop within ${graceMs}`)
        if (config.FIXTURE_STOP === 'never') await new Promise(() => {})
        if (config.FIXTURE_STOP === 'throw') throw new Error('it cannot stop')
        if (process.env['FIXTURE_DRAIN']) await told('draining')
      },
    }
  },
})

/** Says where it is and waits for a line of the parent. */
async function told(place: string): Promise<void> {
  const lines = createInterface({ input: process.stdin })
  console.log(place)
  await new Promise((resolve) => lines.once('line', resolve))
  lines.close()
  console.log(`done ${place}`)
}
