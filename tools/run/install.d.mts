export function installPackages(options: {
  readonly root: string
  readonly env: NodeJS.ProcessEnv
  readonly pnpm: () => Promise<string>
}): Promise<void>

/** A hash over all that decides what gets installed. */
export function fingerprint(root: string): string
