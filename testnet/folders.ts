// The files of a local network: one directory with genesis and peers, and one folder per process with its config, keys, store and log.
import * as path from 'node:path'
import { readJson, statOf, writeAtomic } from '../cli/common/files.ts'
import { toJson } from '../cli/common/output.ts'
import { MupibError } from '../proto/errors.ts'
import { isName } from '../proto/records.ts'

export type ActorKind = 'validator' | 'bank' | 'auditor' | 'vendor'

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
  /** What follows `mupib` on the command line that runs it. */
  readonly command: readonly string[]
}

/** Names of the processes that a network is made of, beside its one bank. */
export interface NetworkNames {
  readonly validators: readonly string[]
  readonly auditors: readonly string[]
  readonly vendors: readonly string[]
}

/** A network on this machine: its files and its processes. */
export interface NetworkFiles {
  readonly dir: string
  readonly genesisFile: string
  readonly peersFile: string
  readonly servicesFile: string
  readonly networkFile: string
  readonly authorityFolder: string
  readonly usersFolder: string
  readonly validators: readonly Actor[]
  readonly bank: Actor
  /** The first of the auditors. */
  readonly auditor: Actor
  readonly auditors: readonly Actor[]
  readonly vendors: readonly Actor[]
  /** Validators first, then bank, auditors and vendors. */
  readonly actors: readonly Actor[]
}

/** Content of network.json. */
interface NetworkFile extends NetworkNames {
  readonly version: 2
}

function actorAt(name: string, kind: ActorKind, folder: string): Actor {
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
    command: kind === 'validator' ? ['node', 'start', '--config', configFile] : [kind, 'serve', '--dir', folder],
  }
}

/** Where the files of a network with these processes are; nothing is read or written. */
export function networkFiles(dir: string, names: NetworkNames): NetworkFiles {
  const root = path.resolve(dir)
  const validators = names.validators.map(name => actorAt(name, 'validator', path.join(root, 'validators', name)))
  const bank = actorAt('bank', 'bank', path.join(root, 'bank'))
  const auditors = names.auditors.map(name => actorAt(name, 'auditor', path.join(root, name)))
  const vendors = names.vendors.map(name => actorAt(name, 'vendor', path.join(root, 'vendors', name)))
  return {
    dir: root,
    genesisFile: path.join(root, 'genesis.json'),
    peersFile: path.join(root, 'peers.json'),
    servicesFile: path.join(root, 'services.json'),
    networkFile: networkFileOf(root),
    authorityFolder: path.join(root, 'authority'),
    usersFolder: path.join(root, 'users'),
    validators,
    bank,
    auditor: auditors[0]!,
    auditors,
    vendors,
    actors: [...validators, bank, ...auditors, ...vendors],
  }
}

const networkFileOf = (dir: string): string => path.join(dir, 'network.json')

/** True where a network was made in the directory before. */
export function networkExists(dir: string): boolean {
  return statOf(networkFileOf(path.resolve(dir))) !== undefined
}

const areNames = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every(name => typeof name === 'string' && isName(name))

/** The network made in a directory before. Throws `not_found` where there is none, `bad_config` where its list is damaged. */
export function openNetwork(dir: string): NetworkFiles {
  if (!networkExists(dir))
    throw new MupibError('not_found', `no network in ${path.resolve(dir)}`, {
      hint: 'start one with "mupib testnet up", or name its directory with --dir',
    })
  const file = networkFileOf(path.resolve(dir))
  const { version, validators, auditors, vendors } = readJson(file, 'bad_config') as Partial<NetworkFile>
  if (
    version !== 2 ||
    !areNames(validators) ||
    !areNames(auditors) ||
    !areNames(vendors) ||
    validators.length * auditors.length === 0
  )
    throw new MupibError('bad_config', `${file} does not list the network's processes`, {
      hint: 'remove the directory and start a new network',
    })
  return networkFiles(dir, { validators, auditors, vendors })
}

const namesOf = (actors: readonly Actor[]): string[] => actors.map(({ name }) => name)

/** Writes network.json: from then on the directory holds a network. */
export function writeNetworkFile({ networkFile, validators, auditors, vendors }: NetworkFiles): void {
  const content: NetworkFile = {
    version: 2,
    validators: namesOf(validators),
    auditors: namesOf(auditors),
    vendors: namesOf(vendors),
  }
  writeJson(networkFile, content)
}

/** The network with one more vendor; nothing is written. */
export function withVendor({ dir, validators, auditors, vendors }: NetworkFiles, name: string): NetworkFiles {
  const names = { validators: namesOf(validators), auditors: namesOf(auditors), vendors: [...namesOf(vendors), name] }
  return networkFiles(dir, names)
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
