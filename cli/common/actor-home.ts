// The folder of a party that runs a program of its own (bank, auditor, vendor, user): config, key, certificate, store, and what it says about
// the running process.
import { join } from 'node:path'
import { readGenesis } from '../../node/config.ts'
import { bytesEqual } from '../../proto/bytes.ts'
import { type Certificate, checkIssuer, parseCertificate } from '../../proto/certificates.ts'
import { MupibError } from '../../proto/errors.ts'
import { type Genesis, genesisHash } from '../../proto/genesis.ts'
import type { Digest } from '../../proto/hash.ts'
import { type SigningKey, signingKeyFromSeed } from '../../proto/keys.ts'
import { type FieldReader, readConfig } from './config.ts'
import { besideFile, readBytes, readKeyFile, statOf } from './files.ts'
import type { Identity } from './identity.ts'
import { type RunInfo, readRunFile } from './run-file.ts'

export type MemberRole = 'bank' | 'auditor'
export type PartyRole = MemberRole | 'vendor' | 'user'

/** Everything that a party's programs start from. */
export interface PartyHome {
  readonly role: PartyRole
  /** As its certificate names it. */
  readonly name: string
  readonly dir: string
  readonly genesis: Genesis
  readonly network: Digest
  readonly seed: Uint8Array
  readonly key: SigningKey
  readonly certificate: Certificate
  /** Of the own certificate. */
  readonly fingerprint: Digest
  readonly roots: readonly Certificate[]
  /** Addresses of services by name (services.ts). */
  readonly servicesFile: string
  readonly store: string
}

/** A party that others call over HTTP. */
export interface ServiceHome extends PartyHome {
  readonly http: { readonly host: string; readonly port: number }
  readonly runFile: string
}

/** A bank or an auditor, which also speaks to the ledger. */
export interface ActorHome extends ServiceHome {
  readonly role: MemberRole
  readonly peersFile: string
}

/** What a party signs with. */
export const identityOf = ({ network, key, certificate, roots }: PartyHome): Identity => ({
  network,
  key,
  certificate,
  roots,
})

/** Where a party's config is: `dir` is its own folder or the network's, where it has the given name. Throws `bad_config` where there is none. */
export function partyConfigFile(dir: string, role: PartyRole, folder: string = role): string {
  const inside = join(dir, folder, 'config.json')
  if (statOf(inside) !== undefined) return inside
  const own = join(dir, 'config.json')
  if (statOf(own) !== undefined) return own
  throw new MupibError('bad_config', `no config of ${role === 'auditor' ? 'an' : 'a'} ${role} in ${dir}`, {
    hint: 'name the directory of a network with --dir, or make one with "mupib testnet up"',
  })
}

/** The service of a party, if it runs; reads no more of its files than it must. */
export function runningService(dir: string, role: PartyRole, folder?: string): RunInfo | undefined {
  const file = partyConfigFile(dir, role, folder)
  const runFile = readConfig(file).text('runFile', 'run.json')
  return readRunFile(besideFile(file, runFile))
}

/** Reads what every party's config has; the caller reads the rest of it and ends it. */
function readParty(file: string, config: FieldReader, role: PartyRole, dir: string): PartyHome {
  const path = (name: string, fallback?: string): string => besideFile(file, config.text(name, fallback))
  const genesisFile = path('genesis')
  const keyFile = path('key')
  const certificateFile = path('certificate')
  const servicesFile = path('services', '../services.json')
  const store = path('store')
  const genesis = readGenesis(genesisFile)
  const { seed } = readKeyFile(keyFile)
  const key = signingKeyFromSeed(seed)
  const certificate = readOwnCertificate(certificateFile)
  const { name, facts } = certificate
  if (certificate.role !== role)
    throw new MupibError('bad_config', `${file}: ${name} is ${certificate.role}, not ${role}`)
  if (!bytesEqual(facts.publicKey, key.publicKey))
    throw new MupibError('bad_key', `${keyFile} is not the key of the certificate ${certificateFile}`)
  const roots = genesis.roots.map(({ der }) => parseCertificate(der))
  checkIssuer(certificate, roots)
  const network = genesisHash(genesis)
  const { fingerprint } = facts
  return { role, name, dir, genesis, network, seed, key, certificate, fingerprint, roots, servicesFile, store }
}

function readService(file: string, config: FieldReader): Pick<ServiceHome, 'http' | 'runFile'> {
  const fields = config.object('http')
  const http = { host: fields.text('host', '127.0.0.1'), port: fields.integer('port', 0, 65_535, 0) }
  fields.end()
  return { http, runFile: besideFile(file, config.text('runFile', 'run.json')) }
}

/** Opens a wallet's home; `readOwn` takes the settings of its own role. Throws `bad_config`, `bad_genesis`, `bad_key`, `bad_certificate`, `permission`. */
export function openPartyHome<T>(
  file: string,
  role: PartyRole,
  readOwn: (config: FieldReader) => T,
): PartyHome & { readonly own: T } {
  const config = readConfig(file)
  const party = readParty(file, config, role, besideFile(file, '.'))
  const own = readOwn(config)
  config.end()
  return { ...party, own }
}

/** Opens the home of a party that serves. Throws as `openPartyHome`. */
export function openServiceHome<T>(
  file: string,
  role: PartyRole,
  readOwn: (config: FieldReader) => T,
): ServiceHome & { readonly own: T } {
  let service: Pick<ServiceHome, 'http' | 'runFile'> | undefined
  const party = openPartyHome(file, role, config => {
    service = readService(file, config)
    return readOwn(config)
  })
  return { ...party, ...service! }
}

/** Opens the home of a bank or an auditor. Throws as `openPartyHome`. */
export function openActorHome<T>(
  dir: string,
  role: MemberRole,
  readOwn: (config: FieldReader) => T,
): ActorHome & { readonly own: T } {
  const file = partyConfigFile(dir, role)
  let peersFile = ''
  const service = openServiceHome(file, role, config => {
    peersFile = besideFile(file, config.text('peers'))
    return readOwn(config)
  })
  return { ...service, dir, role, peersFile }
}

/** A certificate file. Throws `bad_certificate`, `permission`. */
export function readOwnCertificate(file: string): Certificate {
  const pem = Buffer.from(readBytes(file, 'bad_certificate', 64 * 1024)).toString('utf8')
  try {
    return parseCertificate(pem)
  } catch (cause) {
    throw new MupibError('bad_certificate', `${file} is no certificate in PEM`, { cause })
  }
}
