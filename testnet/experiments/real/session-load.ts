// The sessions of a real run: a till and clients as processes of their own, beside the network; and what the bank, the till and they themselves say of
// them at the end.
import * as path from 'node:path'
import { issue } from '../../../cli/authority/authority.ts'
import { identityOf, readOwnCertificate } from '../../../cli/common/actor-home.ts'
import { toMupibError } from '../../../cli/common/errors.ts'
import { ownService } from '../../../cli/common/http.ts'
import { serviceNamed } from '../../../cli/common/services.ts'
import { createWallet } from '../../../cli/user/operations.ts'
import { openVendorHome } from '../../../cli/vendor/home.ts'
import { toHex } from '../../../proto/bytes.ts'
import type { Digest } from '../../../proto/hash.ts'
import { lockSuites } from '../../../proto/session/terms.ts'
import { openAccounts } from '../../accounts.ts'
import { stopActor } from '../../control.ts'
import { actorConfig } from '../../create.ts'
import { type Actor, actorNamed, clientActor, type NetworkFiles, withVendor, writeJson } from '../../folders.ts'
import { type Progress, type RunningNetwork, startServices } from '../../network.ts'
import { connectNetwork, fundUser, type ReplayedNetwork } from '../../replay/parties.ts'
import type { StartedProcess } from '../../start-process.ts'
import type { EventOf } from '../checkers/inquiry.ts'
import type { Manifest } from '../manifest.ts'
import type { Field } from './field.ts'
import { jsonLines } from './reading.ts'
import type { Recorder } from './recorder.ts'
import { pause } from './schedule.ts'
import { type ClientLine, orderFileOf, type SessionOrder, seenFileOf } from './session-client.ts'

type Load = NonNullable<Manifest['load']['sessions']>

export const tillName = 'till'
const certificateDays = 30
/** What settling takes beyond the longest sessions, in milliseconds: a bound for failure only. */
const drainMarginMs = 30_000

/** A network with what sessions need. */
export interface SessionNetwork {
  readonly network: RunningNetwork
  readonly clients: readonly Actor[]
}

/** A till of the name, and the clients by theirs that pay it. */
export interface SessionGroup {
  readonly load: Load
  readonly till: string
  readonly clients: readonly string[]
}

/** The till and the clients that an experiment's file tells of. */
export const groupOf = (load: Load): SessionGroup => ({
  load,
  till: tillName,
  clients: Array.from({ length: load.count }, (_, at) => `client-${at + 1}`),
})

/** Adds tills, running, and clients with accounts and money, not running yet. */
export async function addSessionParties(
  network: RunningNetwork,
  groups: readonly SessionGroup[],
  progress: Progress,
  signal: AbortSignal,
): Promise<SessionNetwork> {
  const grown = groups.reduce((files, group) => withVendor(files, group.till), network.files)
  const tills = new Map(groups.map(({ till, load }) => [till, tillActor(actorNamed(grown, till), load)]))
  const clients = groups.flatMap(group => group.clients.map(name => clientActor(grown, name)))
  const known = (actor: Actor): Actor => tills.get(actor.name) ?? actor
  const files: NetworkFiles = {
    ...grown,
    vendors: grown.vendors.map(known),
    actors: [...grown.actors.map(known), ...clients],
  }
  const processes = new Map(network.processes)
  const onStarted = (started: StartedProcess): void => void processes.set(started.actor.name, started)
  const stop = async (): Promise<void> => {
    await Promise.all([...tills.values(), ...clients].map(actor => stopActor(actor)))
    await network.stop()
  }
  try {
    for (const { till, load } of groups) await makeTill(files, tills.get(till)!, load)
    await startServices(files, [...tills.values()], progress, signal, onStarted)
    for (const { till, load, clients: names } of groups)
      for (const name of names) await makeClient(files, actorNamed(files, name), tills.get(till)!, load)
  } catch (error) {
    await stop()
    throw error
  }
  return { network: { ...network, files, processes, stop }, clients }
}

const tillActor = (actor: Actor, { vendor }: Load): Actor =>
  vendor === 'honest'
    ? actor
    : { ...actor, command: ['testnet', 'dishonest-vendor', '--dir', actor.folder, '--behaviour', vendor] }

async function makeTill(network: NetworkFiles, till: Actor, load: Load): Promise<void> {
  await issue({ dir: network.dir }, till.name, { role: 'vendor', out: till.folder, days: certificateDays })
  const shared = path.relative(till.folder, network.dir)
  const auditors = network.auditors.map(({ name }) => name)
  const config = actorConfig('vendor', shared, { http: { host: '127.0.0.1', port: 0 } }, { auditors }, till.name)
  const sessions = {
    unit: String(load.unit),
    windowMs: load.window,
    paymentsMax: load.payments,
    suites: Object.keys(lockSuites),
  }
  writeJson(till.configFile, { ...(config as object), sessions })
  await openAccounts(network, [till])
}

async function makeClient(network: NetworkFiles, client: Actor, till: Actor, load: Load): Promise<void> {
  await createWallet(network.dir, client.name)
  const needed = BigInt(load.unit) * BigInt(load.payments) * BigInt(load.each)
  await fundUser(
    connectNetwork(network),
    readOwnCertificate(client.certificateFile),
    needed,
    `sessions: ${client.name}`,
  )
  const tillKey = toHex(readOwnCertificate(till.certificateFile).facts.publicKey)
  const order: SessionOrder = { load, till: till.name, tillKey }
  writeJson(orderFileOf(client.folder), order)
}

interface StatementRow {
  readonly kind: string
  readonly reference: string
  readonly amount: string
}

interface Statement {
  readonly account: { readonly balance: string }
  readonly rows: readonly StatementRow[]
}

interface BankSession {
  readonly standing?: Omit<EventOf<'standing'>, 'type' | 'at'>
}

interface TillSession {
  readonly session: Digest
  readonly here: { readonly served: number }
}

const zero = { made: 0, arrived: 0, delivered: 0 }

export class SessionLoad {
  readonly #load: Load
  readonly #clients: readonly Actor[]
  readonly #network: ReplayedNetwork
  readonly #field: Field
  readonly #recorder: Recorder

  constructor(load: Load, clients: readonly Actor[], network: ReplayedNetwork, field: Field, recorder: Recorder) {
    this.#load = load
    this.#clients = clients
    this.#network = network
    this.#field = field
    this.#recorder = recorder
  }

  /** Clients begin their first sessions. */
  async start(): Promise<void> {
    await Promise.all(this.#clients.map(({ name }) => this.#field.start(name)))
  }

  /** Waits until all sessions are over. True where they are. */
  async drain(): Promise<boolean> {
    const { each, lasts, window } = this.#load
    const deadline = performance.now() + each * (lasts + window) + drainMarginMs
    const isOver = (client: Actor): boolean => linesOf(client).some(({ type }) => type === 'over')
    while (!this.#clients.every(isOver)) {
      if (performance.now() >= deadline) return false
      await pause(250)
    }
    return true
  }

  /** Writes down what clients, till and bank say of the sessions. Throws where bank or till do not answer. */
  async read(): Promise<void> {
    const since = this.#recorder.now - Date.now()
    const counts = new Map<Digest, typeof zero>()
    const sessions = new Map<Digest, string>()
    for (const client of this.#clients)
      for (const { time, ...line } of linesOf(client)) {
        if (line.type === 'over') continue
        if (line.type === 'units') {
          const { made, arrived } = counts.get(line.session) ?? zero
          const more = { made: Math.max(made, line.made), arrived: Math.max(arrived, line.arrived) }
          counts.set(line.session, { ...zero, ...more })
          continue
        }
        if (line.type === 'session') sessions.set(line.session, client.name)
        this.#recorder.see(line, time + since)
      }
    this.#tillDenials(since)
    for (const { session, here } of await this.#tillSessions())
      counts.set(session, { ...(counts.get(session) ?? zero), delivered: here.served })
    for (const [session, service] of counts) this.#recorder.see({ type: 'service', session, ...service })
    await this.#standings([...sessions.keys()])
    await this.#books(sessions)
  }

  async #tillSessions(): Promise<readonly TillSession[]> {
    const { folder } = this.#field.actor(tillName)
    const { base } = serviceNamed(this.#network.files.servicesFile, tillName, 'vendor')
    const till = ownService(identityOf(openVendorHome(folder)), base)
    const { sessions } = await till<{ sessions: TillSession[] }>('GET', '/sessions')
    return sessions
  }

  /** What the till was refused, once for each session and code: it asks again. */
  #tillDenials(since: number): void {
    const seen = new Set<string>()
    for (const line of jsonLines(this.#field.actor(tillName).logFile)) {
      const { event, session, code, time } = line as Record<string, unknown>
      const name = `${String(session)} ${String(code)}`
      if (event !== 'claim_failed' || seen.has(name)) continue
      seen.add(name)
      const denied = { session: String(session), party: tillName, by: 'bank', code: String(code) }
      this.#recorder.see({ type: 'denied', ...denied }, typeof time === 'number' ? time + since : undefined)
    }
  }

  async #standings(sessions: readonly Digest[]): Promise<void> {
    for (const session of sessions) {
      try {
        const { standing } = await this.#network.bank<BankSession>('GET', `/sessions/${session}`)
        if (!standing) continue
        const { state, by, index, paid, returned, contestedAt } = standing
        this.#recorder.see({ type: 'standing', session, state, by, index, paid, returned, contestedAt })
      } catch (error) {
        // one that the bank would not open
        if (toMupibError(error).code !== 'not_found') throw error
      }
    }
  }

  /** Balances, escrow and reputations, by the statements of the bank. */
  async #books(sessions: ReadonlyMap<Digest, string>): Promise<void> {
    const statements = new Map<string, Statement>()
    for (const { name, certificateFile } of [this.#field.actor(tillName), ...this.#clients]) {
      const key = toHex(readOwnCertificate(certificateFile).facts.publicKey)
      const statement = await this.#network.bank<Statement>('GET', `/statement/${key}`)
      const { reputation } = await this.#network.bank<{ reputation: number }>('GET', `/reputation/${key}`)
      statements.set(name, statement)
      const deposited = sumOf(statement, 'deposit')
      this.#recorder.see({ type: 'account', party: name, deposited, balance: statement.account.balance, reputation })
    }
    for (const [session, client] of sessions) {
      const escrowed = -BigInt(sumOf(statements.get(client)!, 'escrow', session))
      if (escrowed === 0n) continue
      const returned = sumOf(statements.get(client)!, 'settle', session)
      const paid = sumOf(statements.get(tillName)!, 'settle', session)
      const hasLeft = [client, tillName].some(name =>
        statements.get(name)!.rows.some(({ kind, reference }) => kind === 'settle' && reference === session),
      )
      const held = hasLeft ? '0' : `${escrowed}`
      this.#recorder.see({ type: 'escrow', session, escrowed: `${escrowed}`, paid, returned, held })
    }
  }
}

const sumOf = ({ rows }: Statement, kind: string, reference?: string): string =>
  rows
    .filter(row => row.kind === kind && (reference === undefined || row.reference === reference))
    .reduce((sum, { amount }) => sum + BigInt(amount), 0n)
    .toString()

const linesOf = ({ folder }: Actor): ClientLine[] => [...jsonLines(seenFileOf(folder))] as ClientLine[]
