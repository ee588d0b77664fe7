import { cpSync, existsSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { type Plugin, type RolldownOutput, rolldown } from 'rolldown'
import { type BundledPackage, billOfMaterials, licenseTexts, packageOf } from './bill-of-materials.ts'

/** Packages with a compiled addon, which no bundler can take in: they go beside the bundle, whole. */
const NATIVE: readonly { readonly name: string; readonly usedBy: string }[] = [
  { name: '@node-rs/crc32', usedBy: 'packages/kafka' },
]

/**
 * Everything that one process needs to run with Node alone, in a folder that is made anew: `main.js` and what it
 * loads, `health.js` for a container's health check, the addons of this machine's platform under `node_modules`,
 * and of every package that went in: `sbom.cdx.json`, and the licences in `licenses.txt`. The same sources give the
 * same bytes, wherever they lie.
 * @param entry from the root, with slashes
 * @throws when an import cannot be resolved, or Rolldown warns of anything else
 */
export async function bundleProcess(
  root: string,
  name: string,
  entry: string,
  folder: string,
): Promise<void> {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const bundle = await rolldown({
    cwd: root,
    input: { main: entry, health: 'packages/service/src/health.ts' },
    platform: 'node',
    external: NATIVE.map((native) => native.name),
    plugins: [bundleWorkers(), bundleAssets()],
    onLog(level, log) {
      if (level === 'warn' && !isHarmless(log)) throw new Error(`${name} cannot be bundled: ${log.message}`)
    },
  })
  const output = await bundle.write({ dir: folder, format: 'esm', chunkFileNames: '[name].js' })
  await bundle.close()
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n')

  const packages = [
    ...bundledPackages(root, output),
    ...NATIVE.flatMap((native) => copyNative(root, native, folder)),
  ]
  writeFileSync(join(folder, 'sbom.cdx.json'), billOfMaterials(packageOf(join(root, entry)), packages))
  writeFileSync(join(folder, 'licenses.txt'), licenseTexts(packages))
}

/** mappersmith, of the schema registry's client, asks by a constant `eval` whether there is a `process`. */
function isHarmless({ code, message }: { readonly code?: string; readonly message: string }): boolean {
  return code === 'EVAL' && /node_modules\/mappersmith\//.test(message)
}

/** A worker is started from a file: it becomes one beside the bundle, and its URL that file's. */
function bundleWorkers(): Plugin {
  return {
    name: 'bundle-workers',
    transform: {
      filter: { code: 'new Worker(' },
      handler(code, importer) {
        return code.replace(WORKER_URL, (_all, file: string) => {
          const id = join(dirname(importer), file)
          const reference = this.emitFile({ type: 'chunk', id })
          return `new URL(import.meta.ROLLUP_FILE_URL_${reference})`
        })
      },
    },
  }
}

const WORKER_URL = /new URL\('(\.[^']+\.ts)', import\.meta\.url\)/g

/** A file of a kind that is no module, which is read while it runs, lies beside the bundle; its URL becomes that file's. */
function bundleAssets(): Plugin {
  return {
    name: 'bundle-assets',
    transform: {
      filter: { code: /(readFileSync|fileURLToPath)\(new URL\(/ },
      handler(code, importer) {
        return code.replace(ASSET_URL, (_all, reader: string, file: string) => {
          const source = readFileSync(join(dirname(importer), file))
          const reference = this.emitFile({ type: 'asset', fileName: basename(file), source })
          return `${reader}(new URL(import.meta.ROLLUP_FILE_URL_${reference})`
        })
      },
    },
  }
}

const ASSET_URL = /(readFileSync|fileURLToPath)\(new URL\('(\.[^']+)', import\.meta\.url\)/g

/** Those of which a part is in the output, each once. */
function bundledPackages(root: string, { output }: RolldownOutput): BundledPackage[] {
  const files = output.flatMap((part) => (part.type === 'chunk' ? Object.keys(part.modules) : []))
  const packages = files.filter((file) => file.startsWith(root)).map((file) => packageOf(file))
  return [...new Map(packages.map((one) => [`${one.name}@${one.version}`, one])).values()]
}

/** The package and those of its platform packages that are installed, which is this machine's. */
function copyNative(
  root: string,
  { name, usedBy }: (typeof NATIVE)[number],
  folder: string,
): BundledPackage[] {
  const home = homeOf(name, join(root, usedBy, 'package.json'))!
  const manifest = join(home, 'package.json')
  const { optionalDependencies = {} } = JSON.parse(readFileSync(manifest, 'utf8'))
  const platforms = Object.keys(optionalDependencies).flatMap((platform) => {
    const installed = homeOf(platform, manifest)
    return installed === undefined ? [] : [{ name: platform, home: installed }]
  })
  if (platforms.length === 0) throw new Error(`${name} has no addon for this platform. Run: pnpm install`)
  return [{ name, home }, ...platforms].map((one) => {
    cpSync(one.home, join(folder, 'node_modules', one.name), { recursive: true, dereference: true })
    return packageOf(join(one.home, 'package.json'))
  })
}

/** The folder of a package as seen from a manifest. */
function homeOf(name: string, manifest: string): string | undefined {
  const folders = createRequire(manifest).resolve.paths(name) ?? []
  const found = folders.map((folder) => join(folder, name)).find((folder) => existsSync(folder))
  // pnpm links packages; what they need themselves is found from where they really are.
  return found && realpathSync(found)
}
