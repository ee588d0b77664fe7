import type { SettingDescription } from '@sluice/service'
import type { ProcessSettings } from './process-settings.ts'

/**
 * An environment file with every variable, its description and its default. What several processes share stands
 * once, under the names of all of them; the most shared first. A variable that must be set is the only one that
 * is not commented out.
 */
export function envExample(processes: readonly ProcessSettings[]): string {
  return [PREAMBLE, ...groups(processes).map((group) => layout(group, processes.length))].join('\n')
}

const PREAMBLE = `# Every environment variable of every process. Derived from their settings: npm run derive.
# Lines that are commented out show the default. An empty variable counts as absent.
# Copy this file to .env, change it, and start a process with it: node --env-file=.env <its main.ts>
# Each process tells what it would run with: add --print-config.
`

type Group = { readonly names: readonly string[]; readonly settings: SettingDescription[] }

/** Variables that exactly the same processes have in exactly the same way. */
function groups(processes: readonly ProcessSettings[]): Group[] {
  const owners = new Map<string, { setting: SettingDescription; names: string[] }>()
  for (const { name, settings } of processes) {
    for (const setting of settings) {
      const same = JSON.stringify(setting)
      const known = owners.get(same)
      if (known) known.names.push(name)
      else owners.set(same, { setting, names: [name] })
    }
  }
  const byNames = new Map<string, Group>()
  for (const { setting, names } of owners.values()) {
    const group = byNames.get(names.join()) ?? { names, settings: [] }
    group.settings.push(setting)
    byNames.set(names.join(), group)
  }
  return [...byNames.values()].sort((a, b) => b.names.length - a.names.length)
}

function layout({ names, settings }: Group, all: number): string {
  const whose = names.length === all ? 'Every process' : names.join(', ')
  return [`# ── ${whose}\n`, ...settings.map(layoutSetting)].join('\n')
}

function layoutSetting(setting: SettingDescription): string {
  const { variable, description, required } = setting
  const line = `${variable}=${setting.default ?? ''}`
  return `# ${description}${required ? ' Required.' : ''}\n${required ? line : `# ${line}`}\n`
}
