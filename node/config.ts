// A validator's local settings: paths, addresses, log level. Nothing here must be equal between nodes; what must be stands in genesis.
import * as fs from 'node:fs'
import * as path from 'node:path'
import { MupibError } from '../proto/errors.ts'
import { type Genesis, parseGenesis, validatorIndexOf } from '../proto/genesis.ts'
import { type SigningKey, signingKeyFromSeed } from '../proto/keys.ts'

const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

export interface ValidatorConfig {
  readonly genesis: string
  readonly key: string
  readonly store: string
  /** File with the validators' addresses: {"NAME": ["/ip4/…/tcp/…"]}; watched, so that addresses may change. */
  readonly peers: string
  readonly listen: readonly string[]
  readonly http: { readonly host: string; readonly port: number }
  /** Written when the node is ready, removed when it stops. */
  readonly runFile: string
  readonly logLevel: LogLevel
}

/** Reads a file. Throws `bad_config` where it is missing or unreadable, `permission`, `too_many_files`; each names it. */
function readTextFile(file: string, what: string): string {
  try {
    return fs.readFileSync(file, 'utf8')
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code
    if (reason === 'EACCES' || reason === 'EPERM')
      throw new MupibError('permission', `may not read ${what} ${file}`, { hint: 'check who owns the file' })
    if (reason === 'EMFILE' || reason === 'ENFILE')
      throw new MupibError('too_many_files', `cannot read ${what} ${file}: too many files are open`, {
        hint: 'raise the limit (ulimit -n), or stop what holds so many',
      })
    throw new MupibError('bad_config', `cannot read ${what} ${file} (${reason ?? String(error)})`, {
      hint: 'check the path',
      cause: error,
    })
  }
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new MupibError('bad_config', `${file} is not JSON: ${(error as Error).message}`)
  }
}

type Fields = Record<string, unknown>

function fail(file: string, field: string, wanted: string): never {
  throw new MupibError('bad_config', `${file}: "${field}" must be ${wanted}`, { field })
}

const text = (file: string, fields: Fields, field: string): string => {
  const value = fields[field]
  return typeof value === 'string' && value !== '' ? value : fail(file, field, 'a path')
}

const known = ['genesis', 'key', 'store', 'peers', 'listen', 'http', 'runFile', 'logLevel']

/** Reads a validator's config file. Paths in it are relative to the file. Throws `bad_config` naming the field. */
export function readValidatorConfig(file: string): ValidatorConfig {
  const fields = parseJson(readTextFile(file, 'the config file'), file)
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) fail(file, '(all)', 'an object')
  const config = fields as Fields
  for (const field of Object.keys(config)) if (!known.includes(field)) fail(file, field, 'left out: no such setting')
  const folder = path.dirname(path.resolve(file))
  const at = (field: string): string => path.resolve(folder, text(file, config, field))
  const listen = config.listen
  if (!Array.isArray(listen) || listen.length === 0 || !listen.every(address => typeof address === 'string'))
    fail(file, 'listen', 'a list of multiaddrs, e.g. ["/ip4/127.0.0.1/tcp/0"]')
  const http = config.http as Fields | undefined
  const port = http?.port
  if (typeof http?.host !== 'string' || typeof port !== 'number' || !Number.isInteger(port) || port < 0 || port > 65535)
    fail(file, 'http', '{"host": "127.0.0.1", "port": 0 to 65535}')
  const logLevel = (config.logLevel ?? 'info') as LogLevel
  if (!logLevels.includes(logLevel)) fail(file, 'logLevel', logLevels.join(', '))
  return {
    genesis: at('genesis'),
    key: at('key'),
    store: at('store'),
    peers: at('peers'),
    listen: listen as string[],
    http: { host: http.host, port },
    runFile: path.resolve(folder, typeof config.runFile === 'string' ? config.runFile : 'run.json'),
    logLevel,
  }
}

/** Reads and checks the genesis file. Throws `bad_genesis` or `bad_config`. */
export function readGenesis(file: string): Genesis {
  return parseGenesis(readTextFile(file, 'the genesis file'))
}

/** A seed with its signing key. */
export interface Identity {
  readonly seed: Uint8Array
  readonly key: SigningKey
}

/** Reads a key file {"algorithm": "ed25519", "seed": hex, "publicKey": hex}. Throws `bad_config` where it is damaged. */
export function readIdentity(file: string): Identity {
  const fields = parseJson(readTextFile(file, 'the key file'), file) as Fields | null
  const seed = fields?.seed
  if (fields?.algorithm !== 'ed25519' || typeof seed !== 'string' || !/^[0-9a-f]{64}$/.test(seed))
    fail(file, 'seed', '64 hex characters beside "algorithm": "ed25519"')
  const bytes = new Uint8Array(Buffer.from(seed, 'hex'))
  const key = signingKeyFromSeed(bytes)
  if (fields.publicKey !== Buffer.from(key.publicKey).toString('hex'))
    fail(file, 'publicKey', 'the public key of the seed: the file is damaged')
  return { seed: bytes, key }
}

/** Place in genesis of the validator whose key this is. Throws `bad_config` where it is no validator's. */
export function ownIndex(genesis: Genesis, { key }: Identity, file: string): number {
  const self = genesis.validators.findIndex(({ publicKey }) => Buffer.compare(publicKey, key.publicKey) === 0)
  if (self < 0 || validatorIndexOf(genesis, genesis.validators[self]!.peerId) !== self)
    throw new MupibError('bad_config', `the key in ${file} is no validator's of this genesis`, {
      hint: 'check that config and genesis belong together',
    })
  return self
}

/** Reads the address book. Names that genesis does not know are ignored by the caller. */
export function readPeers(file: string): ReadonlyMap<string, readonly string[]> {
  const fields = parseJson(readTextFile(file, 'the peers file'), file)
  const peers = new Map<string, readonly string[]>()
  if (typeof fields !== 'object' || fields === null) fail(file, '(all)', '{"NAME": ["/ip4/…/tcp/…"]}')
  for (const [name, addresses] of Object.entries(fields)) {
    if (!Array.isArray(addresses) || !addresses.every(address => typeof address === 'string'))
      fail(file, name, 'a list of multiaddrs')
    peers.set(name, addresses as string[])
  }
  return peers
}
