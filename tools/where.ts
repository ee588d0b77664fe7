import { catalogue } from '@sluice/events'
import { whereIs } from '@sluice/operations'
import { createColors } from 'picocolors'
import { UsageError } from './command-line.ts'
import { layoutNotFound, layoutWhereabouts, whereDocument } from './operate/layout-where.ts'
import { createProgress } from './operate/progress.ts'
import { runOperation } from './operate/run-operation.ts'
import { parseWhereCommand, WHERE_HELP } from './operate/where-options.ts'

try {
  const command = parseWhereCommand(process.argv.slice(2), { now: Date.now(), entries: catalogue })
  if (command === 'help') console.log(WHERE_HELP)
  else {
    await runOperation('where', async ({ client, signal }) => {
      const progress = createProgress()
      const onProgress = (read: number, total: number) => progress.show('reading', read, total)
      const found = await whereIs({ client, entries: catalogue, ...command, signal, onProgress })
      progress.end()
      const isFound = found.events.length + found.undecodable.length > 0
      const colors = createColors(process.stdout.isTTY === true && !process.env['NO_COLOR'])
      if (command.json) console.log(JSON.stringify(whereDocument(found)))
      else if (isFound) console.log(layoutWhereabouts(found, { now: Date.now(), colors }))
      else console.error(layoutNotFound(command.id, found))
      return isFound ? 0 : 1
    })
  }
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  console.error(error.message)
  process.exitCode = 2
}
