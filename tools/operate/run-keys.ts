import { mkdir, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import {
  addCredential,
  type CredentialEntry,
  type CredentialsDocument,
  CredentialsError,
  createApiKey,
  endOf,
  formatCredentials,
  parseCredentials,
  revokeKey,
  rotateKey,
} from '@sluice/credentials'
import type { KeysCommand } from './keys-options.ts'

/**
 * Does what a command line of `npm run keys` asks for.
 * @param now milliseconds since the epoch
 * @returns what to print: the only place where a new key can be seen
 * @throws CredentialsError, or an error of the file system, and nothing is changed then
 */
export async function runKeys(
  command: Exclude<KeysCommand, { command: 'help' }>,
  now: number,
): Promise<string> {
  const { file, json } = command
  const held = await readHeld(file)
  if (!held && command.command !== 'create') {
    throw new CredentialsError(`There is no file ${file}. Make it: npm run keys -- create <name> --types "*"`)
  }
  const document = held?.document ?? { credentials: [] }
  switch (command.command) {
    case 'list': {
      const credentials = document.credentials.map((credential) => describe(credential, now))
      return json ? JSON.stringify({ file, credentials }) : layoutList(credentials, now)
    }
    case 'create': {
      const key = command.withKey ? createApiKey() : undefined
      const expires = command.lifetimeMs === undefined ? undefined : now + command.lifetimeMs
      const next = addCredential(document, command.credential, key && { key, now, expires })
      await write(file, next, held?.text)
      const { name } = command.credential
      if (json) return JSON.stringify({ file, name, id: key?.id, key: key?.token, expires: timeOf(expires) })
      if (!key) return `The credential "${name}" is in ${file}. It has no key.`
      return layoutNew(name, key.token, file, expires)
    }
    case 'rotate': {
      const { name, overlapMs, lifetimeMs } = command
      const key = createApiKey()
      const expires = lifetimeMs === undefined ? undefined : now + lifetimeMs
      const next = rotateKey(document, name, { key, now, expires, overlapMs })
      await write(file, next, held?.text)
      const ending = next.credentials
        .find((credential) => credential.name === name)!
        .keys.filter(({ id }) => id !== key.id)
        .map(({ id, expires: end }) => ({ id, expires: end }))
      if (json)
        return JSON.stringify({ file, name, id: key.id, key: key.token, expires: timeOf(expires), ending })
      const ends = ending.map((old) => `\nThe key ${old.id} ends at ${old.expires}.`).join('')
      return layoutNew(name, key.token, file, expires) + ends
    }
    case 'revoke': {
      const { document: next, credential } = revokeKey(document, command.id)
      await write(file, next, held?.text)
      const left = credential.keys.filter((key) => endOf(key) > now).length
      if (json) return JSON.stringify({ file, name: credential.name, id: command.id, left })
      return `The key ${command.id} of "${credential.name}" is revoked; gateways that follow ${file} refuse it within a second. Keys left: ${left}.`
    }
  }
}

async function readHeld(file: string): Promise<{ text: string; document: CredentialsDocument } | undefined> {
  const text = await readText(file)
  if (text === undefined) return undefined
  try {
    return { text, document: parseCredentials(text) }
  } catch (error) {
    throw new CredentialsError(`${file}: ${(error as Error).message}`)
  }
}

async function readText(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
}

/**
 * Whole or not at all: whoever reads the file meanwhile sees what was there before, or what is there after. A new file is
 * its owner's alone; one that is there keeps its mode, which may let a gateway read it.
 * @param before what the change was made to; absent: there was no file
 */
async function write(file: string, document: CredentialsDocument, before: string | undefined): Promise<void> {
  const text = formatCredentials(document)
  // What would not be read back must not be written.
  parseCredentials(text)
  await mkdir(dirname(file), { recursive: true })
  const target = before === undefined ? file : await realpath(file)
  const mode = before === undefined ? 0o600 : (await stat(target)).mode & 0o777
  const beside = `${target}.${process.pid}.new`
  try {
    await writeFile(beside, text, { mode, flag: 'wx' })
    if ((await readText(file)) !== before) {
      throw new CredentialsError(`Somebody else changed ${file} just now. Nothing was done: run it again.`)
    }
    await rename(beside, target)
  } finally {
    await rm(beside, { force: true })
  }
}

/** A credential without the hashes of its keys. */
function describe({ keys, ...credential }: CredentialEntry, now: number) {
  return {
    ...credential,
    keys: keys.map((key) => ({
      id: key.id,
      created: key.created,
      expires: key.expires,
      state: endOf(key) > now ? 'in force' : 'expired',
    })),
  }
}

function layoutList(credentials: readonly ReturnType<typeof describe>[], now: number): string {
  if (credentials.length === 0)
    return 'There are no credentials. Make one: npm run keys -- create <name> --types "*"'
  return credentials
    .map(({ name, tenant, types, maxPriority, limits, subjects, certificates, keys }) => {
      const may = types === '*' ? 'every type of producers' : types.join(', ') || 'nothing'
      const bounds = Object.entries(limits).map(([what, value]) => `, ${what} ${value}`)
      const others = [
        ...subjects.map((subject) => `\n  tokens of ${subject}`),
        ...certificates.map((name) => `\n  the certificate of ${name}`),
      ]
      const list = keys.map(({ id, created, expires, state }) => {
        const age = `${Math.floor((now - Date.parse(created)) / 86_400_000)} days old`
        const end =
          expires === undefined ? 'does not end' : `${state === 'expired' ? 'ended' : 'ends'} ${expires}`
        return `\n  ${id}  ${age}, ${end}`
      })
      return `${name} (tenant ${tenant}): ${may}, up to ${maxPriority}${bounds.join('')}${[...others, ...list].join('')}`
    })
    .join('\n')
}

function layoutNew(name: string, token: string, file: string, expires: number | undefined): string {
  const end = expires === undefined ? 'It does not end by itself.' : `It ends at ${timeOf(expires)}.`
  return `A key of "${name}", shown this once:\n\n  ${token}\n\n${end} Its hash is in ${file}; a gateway that runs with it takes the key within a second:\nGATEWAY_CREDENTIALS_FILE=${file}`
}

function timeOf(at: number | undefined): string | undefined {
  return at === undefined ? undefined : new Date(at).toISOString()
}
