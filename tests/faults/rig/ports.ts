import { isPortFree } from '@sluice/testing'

/**
 * Free ports below those that systems deal to outgoing connections. A client that keeps trying a closed port of
 * that range can be dealt the very same port, and is then connected to itself.
 */
export async function findPorts(count: number): Promise<number[]> {
  const ports: number[] = []
  while (ports.length < count) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST))
    if (!dealt.has(port) && (await isPortFree(port))) {
      dealt.add(port)
      ports.push(port)
    }
  }
  return ports
}

const LOWEST = 20_000
const HIGHEST = 32_000

/** Never dealt again by this process: their owner may be down for a moment. */
const dealt = new Set<number>()
