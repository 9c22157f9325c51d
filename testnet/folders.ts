// The files of a local network: one directory with genesis and peers, and one folder per process with its config, keys, store and log.
import * as path from 'node:path'
import { readJson, statOf, writeAtomic } from '../cli/common/files.ts'
import { toJson } from '../cli/common/output.ts'
import { MupibError } from '../proto/errors.ts'
import { isName } from '../proto/records.ts'

export type ActorKind = 'validator' | 'bank' | 'auditor'

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

/** A network on this machine: its files and its processes. */
export interface NetworkFiles {
  readonly dir: string
  readonly genesisFile: string
  readonly peersFile: string
  readonly networkFile: string
  readonly authorityFolder: string
  readonly validators: readonly Actor[]
  readonly bank: Actor
  readonly auditor: Actor
  /** Validators first, then bank and auditor. */
  readonly actors: readonly Actor[]
}

/** Content of network.json. */
interface NetworkFile {
  readonly version: 1
  readonly validators: readonly string[]
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

/** Where the files of a network with these validators are; nothing is read or written. */
export function networkFiles(dir: string, validators: readonly string[]): NetworkFiles {
  const root = path.resolve(dir)
  const validatorActors = validators.map(name => actorAt(name, 'validator', path.join(root, 'validators', name)))
  const bank = actorAt('bank', 'bank', path.join(root, 'bank'))
  const auditor = actorAt('auditor', 'auditor', path.join(root, 'auditor'))
  return {
    dir: root,
    genesisFile: path.join(root, 'genesis.json'),
    peersFile: path.join(root, 'peers.json'),
    networkFile: path.join(root, 'network.json'),
    authorityFolder: path.join(root, 'authority'),
    validators: validatorActors,
    bank,
    auditor,
    actors: [...validatorActors, bank, auditor],
  }
}

/** True where a network was made in the directory before. */
export function networkExists(dir: string): boolean {
  return statOf(networkFiles(dir, []).networkFile) !== undefined
}

/** The network made in a directory before. Throws `not_found` where there is none, `bad_config` where its list is damaged. */
export function openNetwork(dir: string): NetworkFiles {
  const { networkFile } = networkFiles(dir, [])
  if (!networkExists(dir))
    throw new MupibError('not_found', `no network in ${path.resolve(dir)}`, {
      hint: 'start one with "mupib testnet up", or name its directory with --dir',
    })
  const { version, validators } = readJson(networkFile, 'bad_config') as Partial<NetworkFile>
  if (
    version !== 1 ||
    !Array.isArray(validators) ||
    !validators.every(name => typeof name === 'string' && isName(name))
  )
    throw new MupibError('bad_config', `${networkFile} does not list the network's validators`, {
      hint: 'remove the directory and start a new network',
    })
  return networkFiles(dir, validators)
}

/** Writes network.json: from then on the directory holds a network. */
export function writeNetworkFile(network: NetworkFiles): void {
  const content: NetworkFile = { version: 1, validators: network.validators.map(validator => validator.name) }
  writeJson(network.networkFile, content)
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
