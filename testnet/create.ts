// Making a network: keys, certificates, genesis and one folder per process, all of it or nothing.
import * as fs from 'node:fs'
import * as path from 'node:path'
import { toMupibError } from '../cli/common/errors.ts'
import { writeAtomic, writeKeyFile } from '../cli/common/files.ts'
import { type Certificate, certificateToPem, createRootCertificate, issueCertificate } from '../proto/certificates.ts'
import { MupibError } from '../proto/errors.ts'
import { createGenesis, type Genesis, type GenesisTiming, genesisToJson } from '../proto/genesis.ts'
import { randomSeed, type SigningKey, signingKeyFromSeed } from '../proto/keys.ts'
import { limits } from '../proto/limits.ts'
import type { Role, TrustModel } from '../proto/records.ts'
import {
  type Actor,
  type Byzantine,
  type NetworkFiles,
  type NetworkNames,
  networkFiles,
  type PartyKind,
  peersFileBehindRelay,
  portsFileOf,
  writeJson,
  writeNetworkFile,
} from './folders.ts'
import { checkPorts, type Ports, portsFrom } from './ports.ts'

export interface NetworkOptions {
  /** Names of the validators; their order is that of genesis. */
  readonly validators: readonly string[]
  /** First port of the range to use; left out, the system chooses the ports. */
  readonly basePort?: number
  /** What a token is worth, in minor units. */
  readonly tokenValue?: bigint
  /** W0 of the auditors: tokens in a new user's blocks. */
  readonly blockSize?: number
  /** How auditors fold a user's trust. */
  readonly trustModel?: TrustModel
  /** ρ: what auditors withhold of a payment, in basis points. */
  readonly withholding?: number
  /** Names of the auditors; the first one is the users' own. */
  readonly auditors?: readonly string[]
  /** Names of auditors that the genesis knows and no process runs: whoever starts the network speaks for them. */
  readonly clientAuditors?: readonly string[]
  /** Names of the vendors. */
  readonly vendors?: readonly string[]
  /** Vendors that leave the bank's signatures on tokens to the ledger. */
  readonly trustingVendors?: readonly string[]
  /** Puts a relay between the validators: see docs/decisions/relays.md. */
  readonly relay?: boolean
  /** Validators that misbehave on purpose, and how. */
  readonly byzantine?: Byzantine
  /** What those draw their chance from. */
  readonly seed?: number
  /** View timeout in milliseconds; left out, what suits so many validators on one machine. */
  readonly timeoutMs?: number
}

/** One party of the network with its key and certificate. */
export interface Party {
  readonly name: string
  readonly seed: Uint8Array
  readonly key: SigningKey
  readonly certificate: Certificate
}

/** Everything secret and public that a network starts from. */
export interface NetworkIdentity {
  readonly genesis: Genesis
  readonly authority: Party
  readonly validators: readonly Party[]
  readonly bank: Party
  readonly auditors: readonly Party[]
  readonly clientAuditors: readonly Party[]
  readonly vendors: readonly Party[]
}

const defaultBlockSize = 100
/** A fifth, as in table 2 of the first paper. */
const defaultWithholding = 2_000
const defaultAuditors: readonly string[] = ['auditor']
/** Dispute window that a local vendor asks for, in milliseconds: short, so that one can watch a session end. */
const localWindowMs = 5_000

const dayMs = 86_400_000

/** Names v1, v2, … of a network's validators. Throws `usage` outside 1 to the limit. */
export function validatorNames(count: number): string[] {
  if (!Number.isInteger(count) || count < 1 || count > limits.validators)
    throw new MupibError('usage', `${count} validators`, { hint: `from 1 to ${limits.validators}` })
  return Array.from({ length: count }, (_, index) => `v${index + 1}`)
}

/**
 * Vendors that leave the bank's signatures to the ledger: every second one, in their order. With all of them careful, altered and forged tokens
 * would end at the till, and the ledger would have nothing to find.
 */
export const trustingOf = (vendors: readonly string[]): string[] => vendors.filter((_, index) => index % 2 === 1)

/**
 * Timing of a network on one machine. A view costs some n² messages, each signed and verified, on the same few cores: 1 s is
 * ample up to 12 validators; from there 6 ms for each pair, so that 31 validators get 6 s and a busy machine is not taken for a dead leader.
 */
export function localTiming(validators: number): GenesisTiming {
  const byPairs = Math.ceil((6 * validators * validators) / 500) * 500
  return { timeoutMs: Math.max(1_000, byPairs), idleMs: 10_000, driftMs: 2_000 }
}

function newKey(): { seed: Uint8Array; key: SigningKey } {
  const seed = randomSeed()
  return { seed, key: signingKeyFromSeed(seed) }
}

/** Makes keys, certificates and genesis of a new network; nothing is written. */
export async function createIdentity(options: NetworkOptions): Promise<NetworkIdentity> {
  const now = Date.now()
  const notBefore = now - dayMs
  const root = newKey()
  const authorityName = 'authority'
  const rootCertificate = await createRootCertificate({
    name: authorityName,
    key: root.key,
    notBefore,
    notAfter: now + 3_650 * dayMs,
  })
  const issue = async (name: string, role: Exclude<Role, 'authority'>): Promise<Party> => {
    const { seed, key } = newKey()
    const certificate = await issueCertificate({
      issuer: rootCertificate,
      issuerKey: root.key,
      name,
      role,
      publicKey: key.publicKey,
      notBefore,
      notAfter: now + 730 * dayMs,
    })
    return { name, seed, key, certificate }
  }
  const validators = await Promise.all(options.validators.map(name => issue(name, 'validator')))
  const bank = await issue('bank', 'bank')
  const auditors = await Promise.all((options.auditors ?? defaultAuditors).map(name => issue(name, 'auditor')))
  const clientAuditors = await Promise.all((options.clientAuditors ?? []).map(name => issue(name, 'auditor')))
  const vendors = await Promise.all((options.vendors ?? []).map(name => issue(name, 'vendor')))
  const member = (party: Party, role: 'bank' | 'auditor', tokenValue: bigint) => ({
    name: party.name,
    role,
    certificate: party.certificate.facts,
    certificateDer: party.certificate.der,
    tokenValue,
  })
  const genesis = createGenesis({
    name: 'local',
    time: now,
    timing: { ...localTiming(validators.length), ...(options.timeoutMs ? { timeoutMs: options.timeoutMs } : {}) },
    limits: { proposalRecords: 512, clientRecords: 256 },
    authority: { publicKey: root.key.publicKey, fingerprint: rootCertificate.facts.fingerprint },
    roots: [rootCertificate.der],
    validators: validators.map(({ name, key }) => ({ name, publicKey: key.publicKey })),
    members: [
      member(bank, 'bank', options.tokenValue ?? 1n),
      ...[...auditors, ...clientAuditors].map(auditor => member(auditor, 'auditor', 0n)),
    ],
  })
  const authority = { name: authorityName, ...root, certificate: rootCertificate }
  return { genesis, authority, validators, bank, auditors, clientAuditors, vendors }
}

/** Writes key and certificate of a party into a folder, the key for its owner only. */
export function writeParty(folder: string, party: Party): void {
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 })
  writeKeyFile(path.join(folder, 'key.json'), party.seed)
  writeAtomic(path.join(folder, 'certificate.pem'), certificateToPem(party.certificate))
}

/** Where a process listens, as its config.json says it. */
export interface Listening {
  readonly listen?: readonly string[]
  readonly http: { readonly host: string; readonly port: number }
}

/** config.json of a process whose genesis, peers and services lie at the given relative path. */
export function actorConfig(
  kind: PartyKind,
  shared: string,
  listening: Listening,
  options: Partial<NetworkOptions> = {},
  name = '',
): unknown {
  const common = { genesis: `${shared}/genesis.json`, key: 'key.json', store: 'store' }
  const http = { http: listening.http, runFile: 'run.json' }
  const peers = { peers: `${shared}/peers.json` }
  if (kind === 'validator' && options.relay) peers.peers = `${shared}/${peersFileBehindRelay(name)}`
  if (kind === 'validator') return { ...common, ...peers, listen: listening.listen, ...http, logLevel: 'info' }
  const client = { ...common, certificate: 'certificate.pem', services: `${shared}/services.json`, ...http }
  switch (kind) {
    case 'bank':
      return { ...client, ...peers }
    case 'auditor': {
      const w0 = options.blockSize ?? defaultBlockSize
      const trust = { w0, model: options.trustModel ?? 'neutral', rounding: 'floor' }
      return { ...client, ...peers, trust, withholding: options.withholding ?? defaultWithholding, bank: 'bank' }
    }
    case 'vendor': {
      const checkTokens = !(options.trustingVendors ?? []).includes(name)
      const sessions = { unit: '1', windowMs: localWindowMs }
      return { ...client, bank: 'bank', auditors: options.auditors ?? defaultAuditors, checkTokens, sessions }
    }
  }
}

function writeFolders(network: NetworkFiles, identity: NetworkIdentity, options: NetworkOptions): void {
  const ports = portsFrom(network, options.basePort)
  writeParty(network.authorityFolder, identity.authority)
  for (const client of identity.clientAuditors) writeParty(path.join(network.clientsFolder, client.name), client)
  const parties = [...identity.validators, identity.bank, ...identity.auditors, ...identity.vendors]
  network.actors.forEach((actor, index) => {
    const { node, http } = ports.get(actor.name)!
    const listening = { listen: [`/ip4/127.0.0.1/tcp/${node}`], http: { host: '127.0.0.1', port: http } }
    const shared = path.relative(actor.folder, network.dir)
    if (actor.kind === 'relay' || actor.kind === 'client') return
    writeParty(actor.folder, parties[index]!)
    writeJson(actor.configFile, actorConfig(actor.kind, shared, listening, options, actor.name))
  })
  if (network.relay) writeRelay(network, network.relay, ports.get(network.relay.name)!)
  writeAtomic(network.genesisFile, genesisToJson(identity.genesis))
  writeJson(network.peersFile, {})
  writeJson(network.servicesFile, {})
  writeNetworkFile(network)
}

/** The relay's folder: its config, its ports where they are given, and an address book for each validator. */
function writeRelay(network: NetworkFiles, relay: Actor, { http, links }: Ports): void {
  fs.mkdirSync(relay.folder, { recursive: true, mode: 0o700 })
  const validators = network.validators.map(({ name }) => name)
  writeJson(relay.configFile, {
    validators,
    peers: `${path.relative(relay.folder, network.dir)}/peers.json`,
    ports: path.relative(relay.folder, portsFileOf(relay)),
    http: { host: '127.0.0.1', port: http },
    runFile: 'run.json',
  })
  if (links) writeJson(portsFileOf(relay), links)
  for (const name of validators) {
    const file = path.join(network.dir, peersFileBehindRelay(name))
    fs.mkdirSync(path.dirname(file), { recursive: true })
    writeJson(file, {})
  }
}

const namesIn = ({ validators, auditors, vendors, relay, byzantine, seed }: NetworkOptions): NetworkNames => ({
  validators,
  auditors: auditors ?? defaultAuditors,
  vendors: vendors ?? [],
  relay: relay === true,
  byzantine: byzantine ?? {},
  seed: seed ?? 1,
})

/** Throws `usage` where a new directory would overwrite something. */
export function checkFree(dir: string): void {
  const held = fs.existsSync(dir) ? fs.readdirSync(dir) : []
  if (held.length > 0)
    throw new MupibError('usage', `${dir} holds other files`, { hint: 'name a new or empty directory' })
}

/**
 * Makes a new network in a directory that is absent or empty. It appears there whole or not at all.
 * Throws `usage`, `port_taken`, `permission`, `disk_full`.
 */
export async function createNetwork(dir: string, options: NetworkOptions): Promise<NetworkFiles> {
  const network = networkFiles(dir, namesIn(options))
  const draftDir = `${network.dir}.${process.pid}.tmp`
  try {
    checkFree(network.dir)
    await checkPorts(portsFrom(network, options.basePort))
    const identity = await createIdentity(options)
    fs.mkdirSync(path.dirname(network.dir), { recursive: true })
    writeFolders(networkFiles(draftDir, namesIn(options)), identity, options)
    fs.renameSync(draftDir, network.dir)
  } catch (error) {
    fs.rmSync(draftDir, { recursive: true, force: true })
    throw toMupibError(error)
  }
  return network
}
