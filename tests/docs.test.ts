import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const pages = ['README.md', 'CONTRIBUTING.md', 'packages/client/README.md', ...listMarkdown('docs')]

describe('the documents', () => {
  it('are found', () => {
    expect(pages).toContain('docs/architecture.md')
    expect(pages).toContain('docs/decisions/0001-cloudevents-as-the-value.md')
  })

  it.each(pages)('%s links only to what is there', (page) => {
    expect(findDeadLinks(page, read(page), existingAnchors)).toEqual([])
  })

  it.each(pages)('%s shows code as it is in its file', (page) => {
    expect(findStaleCode(read(page), (path) => (existsSync(join(ROOT, path)) ? read(path) : ''))).toEqual([])
  })

  it('show the code of an event type, whole', () => {
    const blocks = listFileBlocks(read('docs/adding-an-event-type.md'))
    expect(blocks.map(({ path }) => basename(path))).toEqual([
      'shipment-delayed.ts',
      'catalogue.ts',
      'package.json',
      'handler.ts',
      'main.ts',
      'handler.test.ts',
    ])
  })

  it.each(pages)('%s cites only tests that exist', (page) => {
    const folder = dirname(join(ROOT, page))
    expect(findLostTests(read(page), (path) => readFileSync(join(folder, path), 'utf8'))).toEqual([])
  })

  it('name a test for each guarantee that holds', () => {
    const holds = sectionOf(read('docs/guarantees.md'), 'What holds')
    for (const paragraph of holds.split(/\n(?=\*\*)/).slice(1)) {
      expect(listCitedTests(paragraph), paragraph.slice(0, 60)).not.toEqual([])
    }
  })

  it('map only files that exist', () => {
    const map = sectionOf(read('docs/architecture.md'), 'File map').split('```')[1]!
    const paths = map
      .trim()
      .split('\n')
      .map((line) => line.split(' ')[0]!)
    expect(paths.length).toBeGreaterThan(20)
    expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
  })

  it('describe every dependency, and no other', () => {
    const catalog = /^catalog:\n((?: {2}.*\n)+)/m.exec(read('pnpm-workspace.yaml'))![1]!
    const pinned = [...catalog.matchAll(/^ {2}['"]?([^'":]+)['"]?: (.+)$/gm)].map(([, name, version]) => [
      name,
      version,
    ])
    const page = read('docs/dependencies.md')
    const described = [...page.matchAll(/^### (.+)\n\n([^\s,;]+)/gm)].map(([, name, version]) => [
      name,
      version,
    ])
    expect(described.toSorted()).toEqual(pinned.toSorted())
  })

  it('number the decisions without a gap, each with its five parts', () => {
    const decisions = pages.filter((page) => page.startsWith('docs/decisions/'))
    decisions.forEach((page, index) => {
      expect(basename(page)).toMatch(new RegExp(`^${String(index + 1).padStart(4, '0')}-`))
      expect(read(page)).toMatch(new RegExp(`^# ${index + 1}\\. `))
      const parts = [...read(page).matchAll(/^\*\*(\w+)\.\*\*/gm)].map(([, part]) => part)
      expect(parts, page).toEqual(['Context', 'Alternatives', 'Decision', 'Consequences', 'Open'])
    })
  })
})

describe('the checks of documents find', () => {
  it('a link to a file or a heading that is not there', () => {
    const anchors = (path: string) => (path === 'docs/there.md' ? ['a-heading'] : undefined)
    const text =
      '[a](there.md) [b](there.md#a-heading) [c](gone.md) [d](there.md#gone) [e](https://example.com)'
    expect(findDeadLinks('docs/page.md', text, anchors)).toEqual(['gone.md', 'there.md#gone'])
  })

  it('code that its file does not have', () => {
    const source = 'const a = 1\nconst b = 2\n'
    const block = (code: string) => `\`\`\`ts file=x.ts\n${code}\n\`\`\`\n`
    expect(findStaleCode(block('const a = 1\nconst b = 2'), () => source)).toEqual([])
    expect(findStaleCode(block('const b = 2'), () => source)).toEqual([])
    expect(findStaleCode(block('const b = 3'), () => source)).toEqual(['x.ts'])
    expect(findStaleCode(block('const b'), () => source)).toEqual(['x.ts'])
  })

  it('a test that has another name', () => {
    const text = '[x.test.ts](x.test.ts) “adds”,\n“never loses”; [y](y.md) “a quotation”'
    expect(findLostTests(text, () => `it('adds', …)\nit('loses', …)`)).toEqual(['never loses'])
  })
})

function listMarkdown(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join(folder, file))
    .sort()
}

/** The anchors of a page, none of a folder or another file, `undefined` where there is nothing. */
function existingAnchors(path: string): string[] | undefined {
  if (!existsSync(join(ROOT, path))) return undefined
  if (!path.endsWith('.md')) return []
  return [...read(path).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

function findDeadLinks(
  page: string,
  text: string,
  anchorsOf: (path: string) => string[] | undefined,
): string[] {
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!)
  return targets.filter((target) => {
    if (/^[a-z]+:/.test(target)) return false
    const [file, anchor] = target.split('#') as [string, string | undefined]
    const anchors = anchorsOf(file === '' ? page : relative('.', join(dirname(page), file)))
    return anchors === undefined || (anchor !== undefined && !anchors.includes(anchor))
  })
}

/** Blocks that say which file they are from: ```ts file=path */
function listFileBlocks(text: string): { path: string; code: string }[] {
  return [...text.matchAll(/^```\w+ file=(\S+)\n([\s\S]*?\n)```$/gm)].map(([, path, code]) => ({
    path: path!,
    code: code!,
  }))
}

/** A block must be whole lines of its file, next to each other. */
function findStaleCode(text: string, sourceOf: (path: string) => string): string[] {
  return listFileBlocks(text)
    .filter(({ path, code }) => !`\n${sourceOf(path)}`.includes(`\n${code}`))
    .map(({ path }) => path)
}

/** Cited as a link to the file, then the names, or parts of them, in quotation marks. */
function listCitedTests(text: string): { path: string; name: string }[] {
  return [...text.matchAll(/\]\(([^)]+\.test\.ts)\)((?:[\s,]*“[^”]+”)+)/g)].flatMap(([, path, names]) =>
    [...names!.matchAll(/“([^”]+)”/g)].map(([, name]) => ({ path: path!, name: name!.replace(/\s+/g, ' ') })),
  )
}

function findLostTests(text: string, sourceOf: (path: string) => string): string[] {
  return listCitedTests(text)
    .filter(({ path, name }) => !namesOfTests(sourceOf(path)).some((title) => title.includes(name)))
    .map(({ name }) => name)
}

function namesOfTests(source: string): string[] {
  return [...source.matchAll(/\b(?:it|test)(?:\.each\([\s\S]*?\))?\(\s*(['"`])(.*?)\1,/g)].map(
    ([, , name]) => name!,
  )
}

function sectionOf(text: string, heading: string): string {
  const [, section = ''] = text.split(`\n## ${heading}\n`)
  return section.split('\n## ')[0]!
}
