import { readFile } from 'node:fs/promises'
import type { TokenSource } from './connection.ts'

/** A function that gives a token that is valid now. Rejects when none can be had; the caller tries again. */
export function createTokenReader(
  source: TokenSource,
  timeoutMs: number,
  now: () => number = Date.now,
): () => Promise<string> {
  if ('file' in source) return async () => (await readFile(source.file, 'utf8')).trim()
  let token = ''
  let renewAt = 0
  return async () => {
    if (now() < renewAt) return token
    const answer = await fetch(source.endpoint, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(`${encodeURIComponent(source.clientId)}:${encodeURIComponent(source.clientSecret)}`).toString('base64')}`,
      },
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        ...(source.scope && { scope: source.scope }),
      }),
      signal: AbortSignal.timeout(timeoutMs),
    })
    if (!answer.ok) throw new Error(`The token endpoint answered ${answer.status}.`)
    const body = (await answer.json()) as { access_token?: unknown; expires_in?: unknown }
    if (typeof body.access_token !== 'string') throw new Error('The token endpoint answered without a token.')
    token = body.access_token
    // Renewed when a fifth of its life is left, so that none runs out on its way to a broker.
    renewAt = typeof body.expires_in === 'number' ? now() + body.expires_in * 800 : 0
    return token
  }
}
