import type { Stack } from './stack.ts'

/** What an image of ours may take. */
const MOST_BYTES = 180e6

/** What the Dockerfile and the compose file promise of each, as Docker sees it. */
export async function inspectImages(stack: Stack, names: readonly string[]): Promise<string> {
  const { services } = JSON.parse(await stack.compose('config', '--format', 'json')) as {
    services: Record<string, { image: string }>
  }
  const sizes: number[] = []
  for (const name of names) {
    const image = services[name]!.image
    const [{ Size, Config }] = JSON.parse(await stack.docker('image', 'inspect', image)) as [
      { Size: number; Config: { User: string } },
    ]
    if (/^(|0|root)(:|$)/.test(Config.User)) throw new Error(`${image} runs as root.`)
    if (Size > MOST_BYTES) throw new Error(`${image} has ${Size} bytes.`)
    sizes.push(Size)
    const shell = await stack.docker('run', '--rm', '--entrypoint', 'sh', image, '-c', 'true').then(
      () => true,
      () => false,
    )
    if (shell) throw new Error(`${image} has a shell.`)
    for (const { id } of await stack.containers(name)) {
      const [{ HostConfig }] = JSON.parse(await stack.docker('inspect', id)) as [
        { HostConfig: { ReadonlyRootfs: boolean; CapDrop: string[] | null; Memory: number } },
      ]
      if (!HostConfig.ReadonlyRootfs || !HostConfig.CapDrop?.includes('ALL') || HostConfig.Memory === 0)
        throw new Error(`${name} may write its image, has capabilities, or has no memory limit.`)
    }
  }
  return `no root, no shell, read-only; ${Math.round(Math.max(...sizes) / 1e6)} MB at most`
}
