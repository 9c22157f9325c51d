// Bringing a network up: its folders made where they are missing, its processes started together, each awaited by what it reports.
import * as fs from 'node:fs'
import * as path from 'node:path'
import { readJson } from '../cli/common/files.ts'
import type { RunInfo } from '../cli/common/run-file.ts'
import { MupibError } from '../proto/errors.ts'
import type { TrustModel } from '../proto/records.ts'
import { openAccounts } from './accounts.ts'
import { startLimitMs, stopNetwork } from './control.ts'
import { createNetwork, type NetworkOptions, validatorNames } from './create.ts'
import {
  type Actor,
  type Byzantine,
  type NetworkFiles,
  networkExists,
  openNetwork,
  peersFileBehindRelay,
  portsFileOf,
  writeJson,
} from './folders.ts'
import { checkPorts, type Ports, readLinkPorts } from './ports.ts'
import { listProcesses, processesOf } from './process-table.ts'
import { type ProcessEnd, type StartedProcess, startProcess } from './start-process.ts'

export interface UpOptions {
  /** How many validators; of a network made before, it must be what it has. */
  readonly validators?: number
  readonly basePort?: number
  readonly blockSize?: number
  readonly trustModel?: TrustModel
  readonly withholding?: number
  /** How many auditors; of a network made before, what it has. */
  readonly auditors?: number
  /** Names of auditors in a new network's genesis that no process runs. */
  readonly clientAuditors?: readonly string[]
  /** How many vendors, or their names; of a network made before, what it has. */
  readonly vendors?: number | readonly string[]
  readonly trustingVendors?: readonly string[]
  /** False starts the validators alone. Default true. */
  readonly clients?: boolean
  /** Puts a relay between the validators, so that links can be broken (default false); of a network made before, what it has. */
  readonly relay?: boolean
  /** Validators that misbehave on purpose, and how; of a network made before, what it has. */
  readonly byzantine?: Byzantine
  /** What those draw their chance from. */
  readonly seed?: number
  /** View timeout of a new network, in milliseconds. */
  readonly timeoutMs?: number
}

/** What `testnet up` tells scripts. */
export interface NetworkReport {
  readonly dir: string
  readonly validators: readonly {
    readonly name: string
    readonly peerId: string
    readonly multiaddr: string
    readonly http: string
  }[]
  readonly relay?: { readonly http: string }
  readonly bank?: { readonly http: string }
  readonly auditor?: { readonly http: string }
  readonly auditors?: readonly { readonly name: string; readonly http: string }[]
  readonly vendors?: readonly { readonly name: string; readonly http: string }[]
}

/** A network whose processes run. */
export interface RunningNetwork {
  readonly files: NetworkFiles
  readonly report: NetworkReport
  readonly processes: ReadonlyMap<string, StartedProcess>
  /** Ends all processes; safe to repeat. */
  stop(): Promise<void>
}

/** Tells, line by line, what happens and what is waited for. */
export type Progress = (line: string) => void

const defaultValidators = 4
export const defaultVendors = 2

/** Its ports and sockets grow with the square of this; what is larger is for measuring, not for breaking. */
const relayedValidatorsMax = 31

/** Names of so many parties of a kind, numbered from 1; the first auditor has no number. */
export const numbered = (word: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => (word === 'auditor' && index === 0 ? word : `${word}-${index + 1}`))

/** Processes that start at the same time: more would only make each wait longer for the few cores. */
const startedTogether = 6

function networkOptions(options: UpOptions): NetworkOptions {
  const { validators, auditors, vendors, basePort, blockSize, trustModel, withholding, trustingVendors } = options
  const { relay, byzantine, seed, timeoutMs, clientAuditors } = options
  const clients = options.clients !== false
  const named = typeof vendors === 'object' ? vendors : numbered('vendor', clients ? (vendors ?? defaultVendors) : 0)
  const names = validatorNames(validators ?? defaultValidators)
  const hasRelay = relay === true && names.length > 1 && names.length <= relayedValidatorsMax
  return {
    validators: names,
    relay: hasRelay,
    auditors: numbered('auditor', auditors ?? 1),
    vendors: named,
    ...(basePort === undefined ? {} : { basePort }),
    ...(blockSize === undefined ? {} : { blockSize }),
    ...(trustModel === undefined ? {} : { trustModel }),
    ...(withholding === undefined ? {} : { withholding }),
    ...(trustingVendors === undefined ? {} : { trustingVendors }),
    ...(clientAuditors === undefined ? {} : { clientAuditors }),
    ...(byzantine === undefined ? {} : { byzantine }),
    ...(seed === undefined ? {} : { seed }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  }
}

async function openOrCreate(dir: string, options: UpOptions, progress: Progress): Promise<NetworkFiles> {
  if (!networkExists(dir)) {
    const made = networkOptions(options)
    const clients = `a bank, ${made.auditors!.length} auditor(s) and ${made.vendors!.length} vendor(s)`
    progress(`making keys, certificates and genesis of ${made.validators.length} validators, ${clients} in ${dir}`)
    return createNetwork(dir, made)
  }
  const network = openNetwork(dir)
  const has = network.validators.length
  if (options.validators !== undefined && options.validators !== has)
    throw new MupibError('usage', `the network in ${network.dir} has ${has} validators, not ${options.validators}`, {
      hint: 'its genesis fixes them; use another --dir for another network',
    })
  if (options.relay === false && network.relay)
    throw new MupibError('usage', `the network in ${network.dir} was made with a relay`, {
      hint: 'use another --dir for one without',
    })
  if (options.basePort !== undefined)
    throw new MupibError('usage', `the network in ${network.dir} has its ports already`, {
      hint: 'leave --base-port out, or use another --dir',
    })
  const processes = listProcesses()
  const running = network.actors.filter(actor => processesOf(actor, processes).length > 0)
  if (running.length > 0)
    throw new MupibError('already_running', `running already: ${running.map(actor => actor.name).join(', ')}`, {
      hint: `"mupib testnet status --dir ${dir}" shows them, "mupib testnet down --dir ${dir}" stops them`,
    })
  await checkPorts(configuredPorts(network))
  progress(`starting the network of ${has} validators again that was made in ${network.dir}`)
  return network
}

interface ConfigFile {
  listen?: string[]
  http: { host: string; port: number }
}

const readConfigFile = (actor: Actor): ConfigFile => readJson(actor.configFile, 'bad_config') as ConfigFile

const portOf = (multiaddr: string | undefined): number => Number(/\/tcp\/(\d+)/.exec(multiaddr ?? '')?.[1] ?? 0)

function configuredPorts(network: NetworkFiles): ReadonlyMap<string, Ports> {
  return new Map(
    network.actors.map(actor => {
      const { listen, http } = readConfigFile(actor)
      const links = actor.kind === 'relay' ? { links: readLinkPorts(portsFileOf(actor)) } : {}
      return [actor.name, { node: portOf(listen?.[0]), http: http.port, ...links }]
    }),
  )
}

/** Keeps the ports that a process was given, so that a restart has them again. */
function keepPorts(actor: Actor, run: RunInfo): void {
  const config = readConfigFile(actor)
  const http = { ...config.http, port: Number(new URL(run.http).port) }
  const own = run.multiaddrs.map(multiaddr => multiaddr.replace(/\/p2p\/.*$/, ''))
  writeJson(actor.configFile, actor.kind === 'validator' ? { ...config, listen: own, http } : { ...config, http })
}

/** Runs a task for each item, at most `width` at a time; the first failure is thrown when the running ones are through. */
async function forEachOf<T>(items: readonly T[], width: number, task: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items]
  const failures: unknown[] = []
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined && failures.length === 0; item = queue.shift())
      await task(item).catch(error => failures.push(error))
  }
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker))
  if (failures.length > 0) throw failures[0]
}

async function startAll(
  actors: readonly Actor[],
  progress: Progress,
  signal: AbortSignal | undefined,
  onStarted: (started: StartedProcess) => void,
): Promise<void> {
  const abort = new AbortController()
  const either = signal ? AbortSignal.any([signal, abort.signal]) : abort.signal
  await forEachOf(actors, startedTogether, async actor => {
    progress(`${actor.name}: started, waiting until it is ready`)
    try {
      const started = await startProcess(actor, startLimitMs(actors.length), either)
      onStarted(started)
      keepPorts(actor, started.run)
      progress(`${actor.name}: ready at ${started.run.multiaddrs[0] ?? started.run.http} (process ${started.run.pid})`)
    } catch (error) {
      // one that cannot start ends the start of all others
      abort.abort(error)
      throw error
    }
  })
}

function reportOf(network: NetworkFiles, processes: ReadonlyMap<string, StartedProcess>): NetworkReport {
  const http = (actor: Actor): { http: string } | undefined => {
    const started = processes.get(actor.name)
    return started ? { http: started.run.http } : undefined
  }
  const bank = http(network.bank)
  const auditor = http(network.auditor)
  const relay = network.relay && http(network.relay)
  const listed = (actors: readonly Actor[]) =>
    actors.map(actor => ({ name: actor.name, http: http(actor)?.http ?? '' }))
  return {
    dir: network.dir,
    validators: network.validators.map(({ name }) => {
      const { run } = processes.get(name)!
      return { name, peerId: run.peerId, multiaddr: run.multiaddrs[0] ?? '', http: run.http }
    }),
    ...(relay ? { relay } : {}),
    ...(bank ? { bank } : {}),
    ...(auditor ? { auditor, auditors: listed(network.auditors), vendors: listed(network.vendors) } : {}),
  }
}

/** Tells everybody where the validators are; the validators themselves, where a relay stands between them, by the relay's ports. */
function introduceValidators(network: NetworkFiles, processes: ReadonlyMap<string, StartedProcess>): void {
  const addresses = network.validators.map(({ name }) => [name, processes.get(name)!.run.multiaddrs] as const)
  writeJson(network.peersFile, Object.fromEntries(addresses))
  if (!network.relay) return
  const ports = readLinkPorts(portsFileOf(network.relay))
  for (const { name } of network.validators) {
    const relayed = addresses
      .filter(([to]) => to !== name)
      .map(([to, own]) => [to, own.slice(0, 1).map(address => relayedAddress(address, ports[name]![to]!))])
    writeJson(path.join(network.dir, peersFileBehindRelay(name)), Object.fromEntries(relayed))
  }
}

/** Another way to the same peer. */
const relayedAddress = (own: string, port: number): string =>
  `/ip4/127.0.0.1/tcp/${port}${/\/p2p\/.*$/.exec(own)?.[0] ?? ''}`

/** Starts services and tells everybody where they answer. */
export async function startServices(
  network: NetworkFiles,
  services: readonly Actor[],
  progress: Progress,
  signal?: AbortSignal,
  onStarted: (started: StartedProcess) => void = () => {},
): Promise<void> {
  const known = readJson(network.servicesFile, 'bad_config') as Record<string, string>
  await startAll(services, progress, signal, started => {
    known[started.actor.name] = started.run.http
    onStarted(started)
  })
  writeJson(network.servicesFile, known)
}

/**
 * Brings a network up; one that is not there yet is made first. Resolves when all its processes are ready; where one fails to start,
 * those already started are stopped and its error is thrown.
 */
export async function upNetwork(
  dir: string,
  options: UpOptions,
  progress: Progress,
  signal?: AbortSignal,
): Promise<RunningNetwork> {
  const network = await openOrCreate(dir, options, progress)
  const processes = new Map<string, StartedProcess>()
  const onStarted = (started: StartedProcess): void => void processes.set(started.actor.name, started)
  const stop = async (): Promise<void> => void (await stopNetwork(network))
  try {
    const relays = network.relay ? [network.relay] : []
    await startAll([...relays, ...network.validators], progress, signal, onStarted)
    introduceValidators(network, processes)
    if (options.clients !== false) {
      await startServices(network, [network.bank], progress, signal, onStarted)
      await openAccounts(network, [...network.auditors, ...network.vendors])
      await startServices(network, [...network.auditors, ...network.vendors], progress, signal, onStarted)
    }
    return { files: network, report: reportOf(network, processes), processes, stop }
  } catch (error) {
    progress('stopping what was started')
    await stop()
    throw error
  }
}

/** How a process ended, for people. */
export function endText({ exitCode, signal }: ProcessEnd): string {
  return signal === null ? `ended with exit code ${exitCode}` : `ended by ${signal}`
}

/** Stops a network and removes its directory. */
export async function removeNetwork(network: NetworkFiles): Promise<void> {
  await stopNetwork(network)
  fs.rmSync(network.dir, { recursive: true, force: true })
}
