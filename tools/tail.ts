import { catalogue } from '@sluice/events'
import { tail } from '@sluice/operations'
import { createColors } from 'picocolors'
import { UsageError } from './command-line.ts'
import { layoutTailed, tailedDocument } from './operate/layout-tail.ts'
import { runOperation } from './operate/run-operation.ts'
import { parseTailCommand, TAIL_HELP } from './operate/tail-options.ts'

try {
  const command = parseTailCommand(process.argv.slice(2), { now: Date.now(), entries: catalogue })
  if (command === 'help') console.log(TAIL_HELP)
  else {
    const colors = createColors(process.stdout.isTTY === true && !process.env['NO_COLOR'])
    await runOperation('tail', async ({ client, signal }) => {
      let left = command.max
      for await (const tailed of tail({ client, ...command, signal })) {
        const width = process.stdout.columns
        console.log(
          command.json ? JSON.stringify(tailedDocument(tailed)) : layoutTailed(tailed, colors, width),
        )
        if (--left === 0) break
      }
      return 0
    })
  }
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  console.error(error.message)
  process.exitCode = 2
}
