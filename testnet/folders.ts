// The files of a local network: one directory with genesis and peers, and one folder per process with its config, keys, store and log.

import * as path from 'node:path'
import { readJson, statOf, writeAtomic } from '../cli/common/files.ts'
import { toJson } from '../cli/common/output.ts'
import { type AdversaryName, isAdversaryName } from '../consensus/adversaries/index.ts'
import { MupibError } from '../proto/errors.ts'
import { isName } from '../proto/records.ts'

/** Those of a network that have a key and a certificate. */
export type PartyKind = 'validator' | 'bank' | 'auditor' | 'vendor'
export type ActorKind = PartyKind | 'relay' | 'client'

/** One process of a network and where its files are. */
export interface Actor {
  readonly name: string
  readonly kind: ActorKind
  readonly folder: string
  readonly configFile: string
  readonly keyFile: string
  readonly certificateFile: string
  readonly runFile: string
  readonly logFile: string
  /** How far its clock is off, for the processes that have one. */
  readonly clockFile: string
  /** What follows `mupib` on the command line that runs it. */
  readonly command: readonly string[]
}

/** Names of the processes that a network is made of, beside its one bank. */
export interface NetworkNames {
  readonly validators: readonly string[]
  readonly auditors: readonly string[]
  readonly vendors: readonly string[]
  /** True where a relay stands between the validators. */
  readonly relay?: boolean
  /** Validators that misbehave on purpose, and how. */
  readonly byzantine?: Byzantine
  /** What those draw their chance from. */
  readonly seed?: number
}

/** Adversaries of a network by the names of their validators. */
export type Byzantine = Readonly<Record<string, AdversaryName>>

/** A network on this machine: its files and its processes. */
export interface NetworkFiles {
  readonly dir: string
  readonly genesisFile: string
  readonly peersFile: string
  readonly servicesFile: string
  readonly networkFile: string
  readonly authorityFolder: string
  readonly usersFolder: string
  /** Keys of auditors that no process runs. */
  readonly clientsFolder: string
  readonly validators: readonly Actor[]
  readonly bank: Actor
  /** The first of the auditors. */
  readonly auditor: Actor
  readonly auditors: readonly Actor[]
  readonly vendors: readonly Actor[]
  /** What forwards between the validators, where there is one. */
  readonly relay: Actor | undefined
  readonly byzantine: Byzantine
  readonly seed: number
  /** Validators first, then bank, auditors and vendors, and the relay, which has no key, at the end. */
  readonly actors: readonly Actor[]
}

/** Content of network.json. */
interface NetworkFile extends NetworkNames {
  readonly version: 2
}

function actorAt(name: string, kind: ActorKind, folder: string, command?: readonly string[]): Actor {
  const configFile = path.join(folder, 'config.json')
  return {
    name,
    kind,
    folder,
    configFile,
    keyFile: path.join(folder, 'key.json'),
    certificateFile: path.join(folder, 'certificate.pem'),
    runFile: path.join(folder, 'run.json'),
    logFile: path.join(folder, 'log.jsonl'),
    clockFile: path.join(folder, 'clock.json'),
    command: command ?? [kind, 'serve', '--dir', folder],
  }
}

function validatorAt(root: string, name: string, byzantine: Byzantine, seed: number): Actor {
  const folder = path.join(root, 'validators', name)
  const config = ['--config', path.join(folder, 'config.json')]
  const adversary = byzantine[name]
  if (adversary === undefined) return actorAt(name, 'validator', folder, ['node', 'start', ...config])
  const accomplices = Object.keys(byzantine).filter(other => other !== name)
  const lies = [
    '--adversary',
    adversary,
    '--seed',
    String(seed),
    ...(accomplices.length > 0 ? ['--accomplices', accomplices.join(',')] : []),
  ]
  return actorAt(name, 'validator', folder, ['testnet', 'byzantine', ...config, ...lies])
}

/** A user of the network whose sessions a process runs by itself (testnet/experiments/real/session-client.ts). */
export function clientActor({ usersFolder }: Pick<NetworkFiles, 'usersFolder'>, name: string): Actor {
  const folder = path.join(usersFolder, name)
  return actorAt(name, 'client', folder, ['testnet', 'session-client', '--dir', folder])
}

/** Where the files of a network with these processes are; nothing is read or written. */
export function networkFiles(dir: string, names: NetworkNames): NetworkFiles {
  const root = path.resolve(dir)
  const byzantine = names.byzantine ?? {}
  const seed = names.seed ?? 1
  const validators = names.validators.map(name => validatorAt(root, name, byzantine, seed))
  const bank = actorAt('bank', 'bank', path.join(root, 'bank'))
  const auditors = names.auditors.map(name => actorAt(name, 'auditor', path.join(root, name)))
  const vendors = names.vendors.map(name => actorAt(name, 'vendor', path.join(root, 'vendors', name)))
  const relayFolder = path.join(root, 'relay')
  const relay = names.relay
    ? actorAt('relay', 'relay', relayFolder, ['testnet', 'relay', '--dir', relayFolder])
    : undefined
  return {
    dir: root,
    genesisFile: path.join(root, 'genesis.json'),
    peersFile: path.join(root, 'peers.json'),
    servicesFile: path.join(root, 'services.json'),
    networkFile: networkFileOf(root),
    authorityFolder: path.join(root, 'authority'),
    usersFolder: path.join(root, 'users'),
    clientsFolder: path.join(root, 'clients'),
    validators,
    bank,
    auditor: auditors[0]!,
    auditors,
    vendors,
    relay,
    byzantine,
    seed,
    actors: [...validators, bank, ...auditors, ...vendors, ...(relay ? [relay] : [])],
  }
}

/** A validator's own address book where a relay stands between the validators: it names the relay's ports. Relative to the network. */
export const peersFileBehindRelay = (validator: string): string => path.join('relay', 'peers', `${validator}.json`)

/** Where the relay keeps its ports. */
export const portsFileOf = (relay: Actor): string => path.join(relay.folder, 'ports.json')

const networkFileOf = (dir: string): string => path.join(dir, 'network.json')

/** True where a network was made in the directory before. */
export function networkExists(dir: string): boolean {
  return statOf(networkFileOf(path.resolve(dir))) !== undefined
}

const areNames = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every(name => typeof name === 'string' && isName(name))

const areAdversaries = (value: unknown): value is Byzantine =>
  typeof value === 'object' && value !== null && Object.values(value).every(name => isAdversaryName(String(name)))

/** The network made in a directory before. Throws `not_found` where there is none, `bad_config` where its list is damaged. */
export function openNetwork(dir: string): NetworkFiles {
  if (!networkExists(dir))
    throw new MupibError('not_found', `no network in ${path.resolve(dir)}`, {
      hint: 'start one with "mupib testnet up", or name its directory with --dir',
    })
  const file = networkFileOf(path.resolve(dir))
  const { version, validators, auditors, vendors, relay, byzantine, seed } = readJson(
    file,
    'bad_config',
  ) as Partial<NetworkFile>
  if (
    version !== 2 ||
    !areNames(validators) ||
    !areNames(auditors) ||
    !areNames(vendors) ||
    !areAdversaries(byzantine ?? {}) ||
    validators.length * auditors.length === 0
  )
    throw new MupibError('bad_config', `${file} does not list the network's processes`, {
      hint: 'remove the directory and start a new network',
    })
  const others = { relay: relay === true, byzantine: byzantine ?? {}, seed: seed ?? 1 }
  return networkFiles(dir, { validators, auditors, vendors, ...others })
}

const namesOf = (actors: readonly Actor[]): string[] => actors.map(({ name }) => name)

const namesIn = ({ validators, auditors, vendors, relay, byzantine, seed }: NetworkFiles): Required<NetworkNames> => ({
  validators: namesOf(validators),
  auditors: namesOf(auditors),
  vendors: namesOf(vendors),
  relay: relay !== undefined,
  byzantine,
  seed,
})

/** Writes network.json: from then on the directory holds a network. */
export function writeNetworkFile(network: NetworkFiles): void {
  const content: NetworkFile = { version: 2, ...namesIn(network) }
  writeJson(network.networkFile, content)
}

/** The network with one more vendor; nothing is written. */
export function withVendor(network: NetworkFiles, name: string): NetworkFiles {
  const names = namesIn(network)
  return networkFiles(network.dir, { ...names, vendors: [...names.vendors, name] })
}

/** Writes a JSON file whole or not at all, in a form for people. */
export function writeJson(file: string, content: unknown): void {
  writeAtomic(file, `${toJson(content, 2)}\n`)
}

/** The named process of the network. Throws `not_found`. */
export function actorNamed(network: NetworkFiles, name: string): Actor {
  const actor = network.actors.find(candidate => candidate.name === name)
  if (!actor)
    throw new MupibError('not_found', `no process is called ${name}`, {
      hint: `there are: ${network.actors.map(candidate => candidate.name).join(', ')}`,
    })
  return actor
}
