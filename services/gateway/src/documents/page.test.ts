import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { createTestGateway } from '../gateway-fixture.ts'

test('the page is whole in itself, and its policy lets nothing else run', async () => {
  const { server } = createTestGateway()
  const { statusCode, headers, payload } = await server.inject('/docs')
  expect([statusCode, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
  const policy = String(headers['content-security-policy'])
  expect(policy).toContain("default-src 'none'")
  expect(policy).not.toMatch(/unsafe|https?:|\*/)
  for (const tag of ['style', 'script']) {
    const parts = [...payload.matchAll(new RegExp(`<${tag}>(.*?)</${tag}>`, 'gs'))].map(([, text]) => text!)
    expect(parts).toHaveLength(1)
    expect(parts[0]!.length).toBeGreaterThan(500)
    const hash = createHash('sha256').update(parts[0]!).digest('base64')
    expect(policy).toContain(`${tag}-src 'sha256-${hash}'`)
  }
  expect(payload).not.toMatch(/<(link|img|iframe)|\ssrc=|\son\w+=|\sstyle=/)
  const links = [...payload.matchAll(/href="([^"]+)"/g)].map(([, href]) => href!)
  for (const href of links) expect((await server.inject(href)).statusCode).toBe(200)
})
