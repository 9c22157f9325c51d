// The real engine: an experiment on processes, sockets and LevelDB. It builds the network, loads it, breaks it in time, puts everything right, and
// reads what is left; whatever happens, nothing of it stays but the logs in the run's folder.
import * as fs from 'node:fs'
import * as path from 'node:path'
import { unlessAborted } from '../../../cli/common/interrupt.ts'
import { networkLimits } from '../../../node/network/limits.ts'
import { MupibError } from '../../../proto/errors.ts'
import { clockShiftOf, setClock } from '../../clock/clock.ts'
import { trustingOf } from '../../create.ts'
import type { Byzantine } from '../../folders.ts'
import { numbered, type RunningNetwork, upNetwork } from '../../network.ts'
import { SeededRandom } from '../../random.ts'
import { RelayClient } from '../../relay/client.ts'
import { directionsOf, ruleAll } from '../../relay/rules.ts'
import { connectNetwork } from '../../replay/parties.ts'
import type { Engine, EngineOptions, EngineRun } from '../engine.ts'
import type { Manifest } from '../manifest.ts'
import { Disks, disksMissing } from './disks.ts'
import type { FaultContext } from './faults/fault.ts'
import { runFaults, targetsOf } from './faults/index.ts'
import { LinkBook } from './faults/link-book.ts'
import { takeSnapshot } from './faults/stores.ts'
import { Field } from './field.ts'
import { bringBack } from './healing.ts'
import { floodClient, LedgerLoad, ledgerClients } from './ledger-load.ts'
import { Observer } from './observer.ts'
import { PaymentLoad } from './payment-load.ts'
import { finishReading, settle } from './reading.ts'
import { Recorder } from './recorder.ts'
import { atMost, whenPassed } from './schedule.ts'
import { addSessionParties, groupOf, SessionLoad, type SessionNetwork, tillName } from './session-load.ts'

/** A call counts as unanswered after so many view timeouts: more than three dead leaders in a row and a pause between two dials take. */
const callTimeouts = 6
/** Bounds for failure only, in milliseconds. */
const nextVerdictLimitMs = 60_000
/** Blocks per second of the clients that speak to the ledger directly: enough to see every stall, few beside the payments. */
const ledgerRate = { least: 4, most: 16 }
const ledgerHolders = 2

/** What a run has open, to be closed again in the reverse order. */
type Cleanup = () => Promise<void>

/** Everything that a run is made of once it stands. */
export interface RealRun {
  readonly manifest: Manifest
  readonly network: RunningNetwork
  readonly field: Field
  readonly observer: Observer
  readonly recorder: Recorder
  readonly payments: PaymentLoad
  readonly ledger: LedgerLoad
  /** Undefined where the file names none. */
  readonly sessions: SessionLoad | undefined
  readonly context: FaultContext
  readonly adversaries: readonly string[]
  /** Rules that every link has without any fault. */
  readonly baseLinks: object
}

/** What is done in the fault phase; it resolves when the phase is over, and every fault has ended. */
export type FaultPhase = (run: RealRun) => Promise<void>

/** Seconds for which the load may run: the phases, and as much again for putting things right. */
const loadSeconds = ({ warmUp, faults, settle: settling }: Manifest['phases']): number =>
  (warmUp + faults + settling + 30_000) / 1_000

async function openNetwork(
  manifest: Manifest,
  { folder, seed, progress, signal }: EngineOptions,
  cleanups: Cleanup[],
): Promise<SessionNetwork> {
  const { validators, auditors, timeout, byzantine } = manifest.network
  const dir = path.join(folder, 'network')
  cleanups.push(async () => keepLogs(dir, path.join(folder, 'logs')))
  const vendors = numbered('vendor', manifest.load.vendors)
  const options = {
    validators,
    auditors,
    vendors,
    trustingVendors: trustingOf(vendors),
    blockSize: manifest.load.blockSize,
    clientAuditors: [...ledgerClients, floodClient],
    relay: validators > 1,
    // the schema lets no other names through
    byzantine: byzantine as Byzantine,
    timeoutMs: timeout,
    // whom the adversaries treat well and whom not
    seed,
  }
  const network = await upNetwork(dir, options, progress, signal)
  cleanups.push(() => network.stop())
  if (!manifest.load.sessions) return { network, clients: [] }
  const grown = await addSessionParties(network, [groupOf(manifest.load.sessions)], progress, signal)
  cleanups.push(() => grown.network.stop())
  return grown
}

/** Keeps the logs of a network's processes and removes the rest of it. */
function keepLogs(dir: string, folder: string): void {
  if (!fs.existsSync(dir)) return
  fs.mkdirSync(folder, { recursive: true })
  for (const entry of fs.readdirSync(dir, { recursive: true, encoding: 'utf8' })) {
    if (path.basename(entry) !== 'log.jsonl') continue
    fs.copyFileSync(path.join(dir, entry), path.join(folder, `${path.basename(path.dirname(entry))}.jsonl`))
  }
  fs.rmSync(dir, { recursive: true, force: true })
}

/** Targets of all faults that need a disk of their own. */
async function diskTargets(manifest: Manifest, field: Field): Promise<string[]> {
  const needing = manifest.faults.filter(({ action }) => ['powerLoss', 'diskFull', 'ioError'].includes(action))
  const targets = needing.flatMap(targetsOf)
  if (targets.length === 0 || disksMissing() !== undefined) return []
  // whoever leads then may be any of them
  return field.resolve([...new Set(targets.map(target => (target === 'leader' ? 'validators' : target)))])
}

async function open(
  manifest: Manifest,
  options: EngineOptions,
  recorder: Recorder,
  cleanups: Cleanup[],
): Promise<RealRun> {
  const { progress, signal, folder, seed } = options
  const { network: running, clients } = await openNetwork(manifest, options, cleanups)
  const field = new Field(
    running,
    recorder,
    clients.map(({ name }) => name),
  )
  cleanups.push(() => field.end())
  const adversaries = Object.keys(manifest.network.byzantine)
  const observer = new Observer(field, recorder, adversaries)
  cleanups.push(() => observer.close())
  const disks = new Disks(path.join(folder, 'disks'), field)
  // its processes have to be gone before a disk can go
  cleanups.splice(cleanups.length - 3, 0, () => disks.removeAll())
  const onDisks = await diskTargets(manifest, field)
  if (onDisks.length > 0) progress(`giving ${onDisks.length} processes disks of their own`)
  await Promise.all(onDisks.map(name => disks.attach(name)))
  const network = connectNetwork(running.files)
  const random = new SeededRandom(seed)
  const links = new LinkBook(running.files.relay && RelayClient.of(running.files), field.validators)
  const baseLinks = {}
  const { delay, jitter, timeout } = manifest.network
  if (delay + jitter > 0)
    await links.put(baseLinks, ruleAll(directionsOf(field.validators), { delayMs: delay, jitterMs: jitter }))
  progress('users get certificates, accounts and tokens')
  const { rate, tokens } = manifest.load
  const blocksPerSecond = Math.min(ledgerRate.most, Math.max(ledgerRate.least, rate / 2))
  const purse = Math.min(16_384, Math.ceil((loadSeconds(manifest.phases) * blocksPerSecond * tokens) / ledgerHolders))
  const ledgerOptions = {
    rate: blocksPerSecond,
    tokens,
    holders: ledgerHolders,
    purse,
    callLimitMs: callTimeouts * timeout,
  }
  const ledger = await LedgerLoad.open(network, recorder, random, ledgerOptions, signal)
  cleanups.push(() => ledger.close())
  const vendors = running.files.vendors.map(({ name }) => name).filter(name => name !== tillName)
  const auditors = running.files.auditors.map(({ name }) => name)
  const settings = { network, recorder, vendors, auditors }
  const payments = await PaymentLoad.open(manifest.load, loadSeconds(manifest.phases), settings, random, signal)
  cleanups.push(() => payments.close())
  const load = manifest.load.sessions
  const sessions = load && new SessionLoad(load, clients, network, field, recorder)
  const context: FaultContext = {
    field,
    links,
    disks,
    recorder,
    random,
    network,
    timeoutMs: timeout,
    progress,
    signal,
    snapshots: new Map(),
    lost: new Set(),
  }
  const parts = { manifest, network: running, field, observer, recorder, payments, ledger, sessions }
  return { ...parts, context, adversaries, baseLinks }
}

async function warmUp({ manifest, context, field }: RealRun, { folder, signal }: EngineOptions): Promise<void> {
  const { warmUp: lengthMs } = manifest.phases
  const start = performance.now()
  const targets = manifest.faults.filter(({ action }) => action === 'oldSnapshot').flatMap(targetsOf)
  if (targets.length > 0) {
    await whenPassed(start, lengthMs / 2, signal)
    const names = await field.resolve(targets.map(target => (target === 'leader' ? 'validators' : target)))
    for (const name of names) await takeSnapshot(context, path.join(folder, 'network', 'snapshots'), name)
  }
  await whenPassed(start, lengthMs, signal)
}

/** Stops all faults, whatever they are, and puts right what they left. */
async function heal({ context, field, baseLinks }: RealRun): Promise<void> {
  await context.links.healAllBut(baseLinks)
  for (const name of field.validators) if (clockShiftOf(field.actor(name))) setClock(field.actor(name), {})
  for (const name of field.validators) field.launchAs(name, undefined)
  await Promise.all(field.parties.map(name => bringBack(context, name)))
}

async function conduct(run: RealRun, options: EngineOptions, breaking: FaultPhase): Promise<void> {
  const { manifest, recorder, payments, ledger, sessions } = run
  const { progress, signal } = options
  const { phases } = manifest
  recorder.see({ type: 'phase', phase: 'warmUp' })
  progress('warm-up: payments begin')
  payments.start()
  ledger.start()
  await sessions?.start()
  await warmUp(run, options)
  recorder.see({ type: 'phase', phase: 'faults' })
  await breaking(run)
  progress('all faults stop; whoever is away comes back')
  await heal(run)
  recorder.see({ type: 'phase', phase: 'healed' })
  const since = performance.now()
  const verdict = await atMost(
    nextVerdictLimitMs,
    ledger.nextVerdict().then(() => performance.now() - since),
  )
  progress(
    verdict === undefined
      ? `no verdict within ${nextVerdictLimitMs / 1_000} s`
      : `the next verdict came ${Math.round(verdict)} ms after the faults`,
  )
  await whenPassed(since, phases.settle, signal)
  await settle(run, verdict !== undefined, options)
}

const asInFile: FaultPhase = async ({ manifest: { faults, phases }, context }) => {
  context.progress(`faults: ${faults.length} in ${phases.faults / 1_000} s`)
  await runFaults(context, faults, phases.faults)
}

/** The experiment on real processes. */
export const realEngine: Engine = (manifest, options) => runReal(manifest, options, asInFile)

/** Runs an experiment in whose fault phase something else is done than its file says; the file's faults tell what it needs. */
export async function runReal(manifest: Manifest, options: EngineOptions, breaking: FaultPhase): Promise<EngineRun> {
  const { signal, folder, progress } = options
  signal.throwIfAborted()
  if (options.seed < 0) throw new MupibError('usage', `${options.seed} is no seed`)
  const startedAt = new Date().toISOString()
  const start = performance.now()
  const cleanups: Cleanup[] = []
  const work = async (): Promise<EngineRun> => {
    const recorder = new Recorder()
    const run = await open(manifest, options, recorder, cleanups)
    await conduct(run, options, breaking)
    await finishReading(run, options)
    return {
      engine: 'real',
      seed: options.seed,
      traceHash: undefined,
      startedAt,
      durationMs: Math.round(performance.now() - start),
      validators: run.field.validators,
      adversaries: run.adversaries,
      lost: [...run.context.lost],
      timeoutMs: manifest.network.timeout,
      redialCapMs: networkLimits.redialCapMs,
      history: recorder.history,
    }
  }
  const working = work()
  try {
    return await unlessAborted(signal, working)
  } finally {
    progress('ending what was started')
    // what was broken off may still open things: first they end, then it
    await cleanUp(cleanups)
    await working.catch(() => {})
    await cleanUp(cleanups)
    fs.rmSync(path.join(folder, 'network'), { recursive: true, force: true })
  }
}

async function cleanUp(cleanups: Cleanup[]): Promise<void> {
  for (let cleanup = cleanups.pop(); cleanup; cleanup = cleanups.pop()) await cleanup().catch(() => {})
}
