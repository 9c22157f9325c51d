// The folder of a bank, an auditor or the authority: config, keys, certificate, store, and what it says about the running process.
import { join } from 'node:path'
import { readGenesis } from '../../node/config.ts'
import { MupibError } from '../../proto/errors.ts'
import { type Genesis, genesisHash } from '../../proto/genesis.ts'
import { type Digest, sha256Hex } from '../../proto/hash.ts'
import { type SigningKey, signingKeyFromSeed } from '../../proto/keys.ts'
import { pemToDer } from '../../proto/pem.ts'
import { type FieldReader, readConfig } from './config.ts'
import { besideFile, readBytes, readKeyFile, statOf } from './files.ts'
import { type RunInfo, readRunFile } from './run-file.ts'

export type ActorRole = 'bank' | 'auditor'

/** Everything that an actor's programs start from. */
export interface ActorHome {
  readonly role: ActorRole
  /** The member's name, as genesis has it; the role's where only a later membership record names it. */
  readonly name: string
  readonly dir: string
  readonly genesis: Genesis
  readonly network: Digest
  readonly seed: Uint8Array
  readonly key: SigningKey
  /** Fingerprint of the own certificate. */
  readonly fingerprint: Digest
  readonly peersFile: string
  readonly store: string
  readonly http: { readonly host: string; readonly port: number }
  readonly runFile: string
}

/** Where an actor's config is: `dir` is its own folder or the network's. Throws `bad_config` where there is none. */
function actorConfigFile(dir: string, role: string): string {
  const inside = join(dir, role, 'config.json')
  if (statOf(inside) !== undefined) return inside
  const own = join(dir, 'config.json')
  if (statOf(own) !== undefined) return own
  throw new MupibError('bad_config', `no config of ${role === 'auditor' ? 'an' : 'a'} ${role} in ${dir}`, {
    hint: 'name the directory of a network with --dir, or make one with "mupib testnet up"',
  })
}

/** The service of an actor, if it runs; reads no more of its files than it must. */
export function runningService(dir: string, role: ActorRole): RunInfo | undefined {
  const file = actorConfigFile(dir, role)
  const runFile = readConfig(file).text('runFile', 'run.json')
  return readRunFile(besideFile(file, runFile))
}

/** Opens an actor's home; `readOwn` takes the settings of its own role. Throws `bad_config`, `bad_genesis`, `bad_key`, `permission`. */
export function openActorHome<T>(
  dir: string,
  role: ActorRole,
  readOwn: (config: FieldReader) => T,
): ActorHome & { readonly own: T } {
  const file = actorConfigFile(dir, role)
  const config = readConfig(file)
  const path = (name: string, fallback?: string): string => besideFile(file, config.text(name, fallback))
  const genesisFile = path('genesis')
  const keyFile = path('key')
  const certificateFile = path('certificate')
  const peersFile = path('peers')
  const store = path('store')
  const runFile = path('runFile', 'run.json')
  const httpFields = config.object('http')
  const http = { host: httpFields.text('host', '127.0.0.1'), port: httpFields.integer('port', 0, 65_535, 0) }
  httpFields.end()
  const own = readOwn(config)
  config.end()
  const genesis = readGenesis(genesisFile)
  const { seed } = readKeyFile(keyFile)
  const key = signingKeyFromSeed(seed)
  const fingerprint = readFingerprint(certificateFile)
  const member = genesis.members.find(({ certificate }) => certificate.fingerprint === fingerprint)
  if (member && member.role !== role)
    throw new MupibError('bad_config', `${file}: ${member.name} is ${member.role}, not ${role}`)
  const network = genesisHash(genesis)
  const { peerId } = member ?? { peerId: undefined }
  const name = member?.name ?? nameByKey(genesis, key.publicKey) ?? role
  if (peerId !== undefined && nameByKey(genesis, key.publicKey) !== member?.name)
    throw new MupibError('bad_key', `${keyFile} is not the key of the certificate ${certificateFile}`)
  return { role, name, dir, genesis, network, seed, key, fingerprint, peersFile, store, http, runFile, own }
}

function nameByKey(genesis: Genesis, publicKey: Uint8Array): string | undefined {
  return genesis.members.find(({ certificate }) => Buffer.compare(certificate.publicKey, publicKey) === 0)?.name
}

/** SHA-256 of a certificate file. Throws `bad_certificate`, `permission`. */
function readFingerprint(file: string): Digest {
  const pem = Buffer.from(readBytes(file, 'bad_certificate', 64 * 1024)).toString('utf8')
  try {
    return sha256Hex(pemToDer(pem))
  } catch (cause) {
    throw new MupibError('bad_certificate', `${file} is no certificate in PEM`, { cause })
  }
}
