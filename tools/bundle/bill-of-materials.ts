import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** What a bill of materials says of a package. */
export type BundledPackage = {
  readonly name: string
  readonly version: string
  /** An SPDX expression, as the package states it; or as its licence's text says, where it states none. */
  readonly license: string
  /** Where its files are. */
  readonly home: string
}

/** The package that a file belongs to: the nearest package.json above it that has a name and a version. */
export function packageOf(file: string): BundledPackage {
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    const manifest = join(folder, 'package.json')
    if (!existsSync(manifest)) continue
    const { name, version, license = UNSTATED[name] } = JSON.parse(readFileSync(manifest, 'utf8'))
    if (name !== undefined && version !== undefined) return { name, version, license, home: folder }
  }
  throw new Error(`${file} belongs to no package.`)
}

/** Read from the packages' licence files. */
const UNSTATED: Readonly<Record<string, string>> = { '@kafkajs/confluent-schema-registry': 'MIT' }

/**
 * A CycloneDX 1.6 document (cyclonedx.org/docs/1.6/json) of what went into a bundle. It has no time and no serial
 * number, so that the same packages give the same text.
 */
export function billOfMaterials(subject: BundledPackage, packages: readonly BundledPackage[]): string {
  const components = packages
    .filter(({ name }) => name !== subject.name)
    .toSorted(byName)
    .map((one) => component('library', one))
  const document = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: component('application', subject) },
    components,
  }
  return `${JSON.stringify(document, null, 2)}\n`
}

/** The licences of the packages, whole: whoever passes on a bundle has to pass these on. */
export function licenseTexts(packages: readonly BundledPackage[]): string {
  const texts = packages.toSorted(byName).map(({ name, version, license, home }) => {
    const file = readdirSync(home).find((one) => /^licen[cs]e/i.test(one))
    const text = file === undefined ? '' : `\n\n${readFileSync(join(home, file), 'utf8').trim()}`
    return `${name} ${version}: ${license}${text}\n`
  })
  return texts.join(`\n${'─'.repeat(80)}\n\n`)
}

function byName(a: BundledPackage, b: BundledPackage): number {
  return a.name < b.name ? -1 : 1
}

function component(type: 'application' | 'library', { name, version, license }: BundledPackage) {
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`
  return { type, 'bom-ref': purl, name, version, purl, licenses: [{ expression: license }] }
}
