/**
 * What a check found. `ok`; `warn`: a start works, with a limit; `fix`: it prevents a start, and `remedy` says
 * what to do.
 */
export type Finding = {
  readonly name: string
  readonly level: 'ok' | 'warn' | 'fix'
  readonly detail: string
  readonly remedy?: string
}

export type Machine = { readonly root: string; readonly env: NodeJS.ProcessEnv }

export const NO_KAFKA: string
export function requirePrerequisites(
  machine: Machine,
  options?: { readonly forTests?: boolean; readonly dockerSocket?: string },
): Promise<void>
export function checkGivenBrokers(given: string): Promise<Finding>
export function checkDocker(machine: Machine): Promise<Finding>
export function checkJava(machine: Machine): Promise<Finding>
export function checkMaven(machine: Machine): Promise<Finding>
export function output(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<string | undefined>
