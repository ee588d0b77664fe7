import { UsageError } from './command-line.ts'
import { askGateway } from './operate/ask-gateway.ts'
import { DECISIONS_HELP, type DecisionsCommand, parseDecisionsCommand } from './operate/decisions-options.ts'
import { quoted } from './operate/going-on.ts'
import {
  type ListedDecisions,
  layoutDecisions,
  type ShownDecision,
  scopeText,
} from './operate/layout-decisions.ts'
import { printable } from './operate/printable.ts'

try {
  const command = parseDecisionsCommand(process.argv.slice(2), Date.now(), process.env)
  console.log(command.command === 'help' ? DECISIONS_HELP : await follow(command))
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = error instanceof UsageError ? 2 : 1
}

/** Does what is asked for; what to print. */
async function follow(command: Exclude<DecisionsCommand, { command: 'help' }>): Promise<string> {
  const { json } = command
  switch (command.command) {
    case 'list': {
      const query = new URLSearchParams(command.query)
      const listed = await askGateway<ListedDecisions>(command, 'GET', `/v1/decisions?${query}`)
      return json ? JSON.stringify(listed) : layoutDecisions(listed)
    }
    case 'add': {
      const made = await askGateway<ShownDecision>(command, 'POST', '/v1/decisions', command.decision)
      if (json) return JSON.stringify(made)
      const { id, action, scope, until } = made
      const lift = `npm run decisions -- lift ${quoted(id)} --by … --why …`
      return printable(`Decided: ${action} ${scopeText(scope)} until ${until}. To lift it: ${lift}`)
    }
    case 'lift': {
      const { id, who, why } = command
      const path = `/v1/decisions/${encodeURIComponent(id)}`
      const lifted = await askGateway(command, 'DELETE', path, { who, why })
      return json ? JSON.stringify(lifted) : printable(`Lifted: ${id}.`)
    }
  }
}
