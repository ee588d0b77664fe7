import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** A page that is whole in itself, and the policy under which a browser runs nothing else in it. */
export type Page = { readonly html: string; readonly contentSecurityPolicy: string }

/**
 * The page at `/docs`, to try the API from a browser. Style and script stand in the page itself, and the policy names them
 * by their hashes: nothing comes from elsewhere, and nothing that slips in is run. Reads three files.
 */
export function readPage(): Page {
  // Each spelt out, so that a bundle finds it.
  const frame = readFileSync(new URL('./page/page.html', import.meta.url), 'utf8')
  const style = readFileSync(new URL('./page/page.css', import.meta.url), 'utf8')
  const script = readFileSync(new URL('./page/page.js', import.meta.url), 'utf8')
  return {
    html: frame.replace('/* style */', () => style).replace('/* script */', () => script),
    contentSecurityPolicy: [
      "default-src 'none'",
      `style-src ${hashOf(style)}`,
      `script-src ${hashOf(script)}`,
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
  }
}

/** CSP 3, 2.3.1. */
function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
}
