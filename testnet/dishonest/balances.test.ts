// Every dishonest client and vendor of sessions, as real processes on one network of validators and a bank: each plays against a party of its own
// that is honest, and what it took from that one is read from the bank, by both with their own keys. Expected is the table of docs/channels.md.
import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { expect, test } from 'vitest'
import { misconducts } from '../../cli/bank/reputation-store.ts'
import { identityOf } from '../../cli/common/actor-home.ts'
import { ownService, signedCall } from '../../cli/common/http.ts'
import { CertificateChecks, type Identity } from '../../cli/common/identity.ts'
import { serviceNamed } from '../../cli/common/services.ts'
import { openWalletHome } from '../../cli/user/home.ts'
import { openVendorHome } from '../../cli/vendor/home.ts'
import { toHex } from '../../proto/bytes.ts'
import { bankOperator } from '../accounts.ts'
import { manifestSchema } from '../experiments/manifest.ts'
import { jsonLines } from '../experiments/real/reading.ts'
import { type ClientLine, seenFileOf } from '../experiments/real/session-client.ts'
import { addSessionParties, type SessionGroup } from '../experiments/real/session-load.ts'
import { actorNamed, type NetworkFiles } from '../folders.ts'
import { upNetwork } from '../network.ts'
import { startProcess } from '../start-process.ts'
import { failureLimitMs } from '../testing.ts'
import type { ClientBehaviour, VendorBehaviour } from './index.ts'

/** What a behaviour comes to, where every session has eight payments and dishonesty begins at the fourth. */
interface Outcome {
  /** Sessions, one after the other; default 1. */
  readonly each?: number
  /** Nobody ends the session before its time. */
  readonly waits?: boolean
  /** By whose words the sessions were settled, where neither a race of both nor the pace of the machine decides it. */
  readonly by?: readonly ('joint' | 'vendor' | 'client')[]
  /** What the dishonest one was refused with, by the bank or the other party. */
  readonly refused?: readonly string[]
  /** What the client is shown to have done. */
  readonly proved?: keyof typeof misconducts
}

const dishonestClient: Readonly<Record<Exclude<ClientBehaviour, 'honest'>, Outcome>> = {
  vanishes: { waits: true, by: ['vendor'] },
  'closes-old': { by: ['vendor'], proved: 'contested_close' },
  'bad-lock': { refused: ['bad_lock'], proved: 'bad_lock' },
  'two-payments': { refused: ['conflict'], proved: 'conflicting_payments' },
  'replays-session': { each: 2, by: ['joint', 'joint'], refused: ['wrong_session', 'bad_signature'] },
}
const dishonestVendor: Readonly<Record<Exclude<VendorBehaviour, 'honest'>, Outcome>> = {
  vanishes: { waits: true, by: ['client'] },
  'claims-too-much': { waits: true, by: ['client'], refused: ['bad_proof'] },
  'steals-word': { each: 2, by: ['joint', 'joint'], refused: ['bad_signature', 'bad_proof'] },
}

const unit = 5n
const payments = 8
/** Who vanishes is given up 10 s before a session expires. */
const lasts = '24s'
/** For a vendor to hear of an old close and to answer it, on a machine that has all these processes to run. */
const window = '5s'

interface Pair extends SessionGroup {
  readonly name: string
  readonly outcome: Outcome
}

/** A till and a client of their own for every behaviour, so that a balance tells of one behaviour alone. */
function pairs(): Pair[] {
  const pair = (side: 'client' | 'vendor', behaviour: string, outcome: Outcome): Pair => {
    const sessions = { count: 1, each: outcome.each ?? 1, rate: 40, payments, unit: Number(unit), window, lasts }
    const load = { sessions: { ...sessions, [side]: behaviour } }
    const { sessions: parsed } = manifestSchema.parse({ name: 'x', title: 'x', load }).load
    const name = `${side}-${behaviour}`
    return { name, outcome, load: parsed!, till: `till-${name}`, clients: [`buyer-${name}`] }
  }
  return [
    ...Object.entries(dishonestClient).map(([behaviour, outcome]) => pair('client', behaviour, outcome)),
    ...Object.entries(dishonestVendor).map(([behaviour, outcome]) => pair('vendor', behaviour, outcome)),
  ]
}

interface Statement {
  readonly account: { readonly balance: string }
  readonly rows: readonly { readonly kind: string; readonly amount: string }[]
}

interface Standing {
  readonly state: string
  readonly by?: string
}

/** In minor units. */
type Balances = Readonly<Record<'client' | 'vendor', bigint>>

/** The parties of a pair, and what each asks with its own key. */
class Parties {
  readonly pair: Pair
  readonly #files: NetworkFiles
  readonly #client: Identity
  readonly #vendor: Identity

  constructor(files: NetworkFiles, pair: Pair) {
    this.pair = pair
    this.#files = files
    this.#client = identityOf(openWalletHome(this.#folder(pair.clients[0]!)))
    this.#vendor = identityOf(openVendorHome(this.#folder(pair.till)))
  }

  #folder(name: string): string {
    return actorNamed(this.#files, name).folder
  }

  #ask<T>(identity: Identity, page: string): Promise<T> {
    const bank = serviceNamed(this.#files.servicesFile, 'bank', 'bank')
    return signedCall<T>({ identity, checks: new CertificateChecks(identity.roots) }, bank, 'GET', page)
  }

  /** What the client saw so far. */
  seen(): ClientLine[] {
    return [...jsonLines(seenFileOf(this.#folder(this.pair.clients[0]!)))] as ClientLine[]
  }

  isOver(): boolean {
    return this.seen().some(({ type }) => type === 'over')
  }

  /** What was refused to either, by its code. */
  refusals(): string[] {
    const till = [...jsonLines(actorNamed(this.#files, this.pair.till).logFile)] as { event?: string; code?: string }[]
    const denied = this.seen().flatMap(line => (line.type === 'denied' ? [line.code] : []))
    return [...denied, ...till.flatMap(({ event, code }) => (event === 'claim_failed' && code ? [code] : []))]
  }

  async balances(): Promise<Balances> {
    const [client, vendor] = await Promise.all(
      [this.#client, this.#vendor].map(party => this.#ask<Statement['account']>(party, '/account')),
    )
    return { client: BigInt(client!.balance), vendor: BigInt(vendor!.balance) }
  }

  /** What the client's own statement says was put aside. */
  async escrowed(): Promise<bigint> {
    const { rows } = await this.#ask<Statement>(this.#client, '/statement')
    return -rows.reduce((sum, { kind, amount }) => (kind === 'escrow' ? sum + BigInt(amount) : sum), 0n)
  }

  /** What the bank thinks of both, each asked of by the other. */
  async reputations(): Promise<{ client: number; vendor: number }> {
    const of = async (asking: Identity, { certificate }: Identity): Promise<number> => {
      const page = `/reputation/${toHex(certificate.facts.publicKey)}`
      return (await this.#ask<{ reputation: number }>(asking, page)).reputation
    }
    return { client: await of(this.#vendor, this.#client), vendor: await of(this.#client, this.#vendor) }
  }

  async standings(): Promise<Standing[]> {
    const sessions = this.seen().flatMap(line => (line.type === 'session' ? [line.session] : []))
    const shown = await Promise.all(
      sessions.map(session => this.#ask<{ standing: Standing }>(this.#client, `/sessions/${session}`)),
    )
    return shown.map(({ standing }) => standing)
  }

  /** Units that the till delivered, as it says, and that arrived, as the client says. */
  async units(): Promise<{ delivered: bigint; arrived: bigint }> {
    const till = ownService(this.#vendor, serviceNamed(this.#files.servicesFile, this.pair.till, 'vendor').base)
    const { sessions } = await till<{ sessions: { here: { served: number } }[] }>('GET', '/sessions')
    const arrived = new Map<string, number>()
    for (const line of this.seen())
      if (line.type === 'units') arrived.set(line.session, Math.max(arrived.get(line.session) ?? 0, line.arrived))
    const sum = (counts: Iterable<number>): bigint => [...counts].reduce((all, count) => all + BigInt(count), 0n)
    return { delivered: sum(sessions.map(({ here }) => here.served)), arrived: sum(arrived.values()) }
  }
}

/** Waits for what takes real sessions their time, looking often. */
const eventually = <T>(look: () => T) => expect.poll(look, { timeout: failureLimitMs, interval: 100 })

async function expectFair(parties: Parties, before: Balances): Promise<void> {
  const { name, outcome, load } = parties.pair
  const { each = 1, by, refused = [], proved } = outcome
  const after = await parties.balances()
  const [paid, gained] = [before.client - after.client, after.vendor - before.vendor]
  expect(paid, `${name}: what the client paid is what the vendor got`).toBe(gained)
  expect(await parties.escrowed(), `${name}: the whole escrow was put aside`).toBe(BigInt(each * payments) * unit)
  const { delivered, arrived } = await parties.units()
  expect(arrived, `${name}: something was sold before anybody cheated`).toBeGreaterThanOrEqual(3n)
  if (load.client === 'honest')
    expect(paid - arrived * unit, `${name}: the honest client's loss`).toBeLessThanOrEqual(unit)
  else expect(delivered * unit - gained, `${name}: the honest vendor's loss`).toBeLessThanOrEqual(unit)
  const standings = await parties.standings()
  expect(standings, name).toEqual(standings.map(() => expect.objectContaining({ state: 'settled' })))
  if (by)
    expect(
      standings.map(standing => standing.by),
      `${name}, refused: ${parties.refusals()}`,
    ).toEqual(by)
  expect(parties.refusals(), name).toEqual(expect.arrayContaining([...refused]))
  const client = 100 - (proved ? misconducts[proved].severity : 0)
  // evidence comes by itself, after the money
  await eventually(() => parties.reputations()).toEqual({ client, vendor: 100 })
}

test(
  'every dishonest behaviour ends with the honest party losing at most one unit, by the balances of the bank',
  async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mupib-balances-'))
    const { signal } = new AbortController()
    let stop = async (): Promise<void> => {}
    try {
      let network = await upNetwork(path.join(folder, 'network'), { vendors: [] }, () => {}, signal)
      stop = network.stop
      const bank = bankOperator(network.files)
      const escrow = async (): Promise<bigint> =>
        BigInt((await bank<{ own: { escrow: string } }>('GET', '/books')).own.escrow)
      expect(await escrow()).toBe(0n)
      const all: Parties[] = []
      const before: Balances[] = []
      const waits = ({ outcome }: Pair): boolean => outcome.waits === true
      // the others play while those whose sessions come to an end by their time wait for it
      const every = pairs()
      for (const wave of [every.filter(waits), every.filter(pair => !waits(pair))]) {
        const grown = await addSessionParties(network, wave, () => {}, signal)
        ;({ network } = grown)
        stop = network.stop
        const parties = wave.map(pair => new Parties(grown.network.files, pair))
        before.push(...(await Promise.all(parties.map(each => each.balances()))))
        all.push(...parties)
        await Promise.all(grown.clients.map(client => startProcess(client, failureLimitMs, signal)))
      }
      await eventually(() => all.filter(parties => !parties.isOver()).map(({ pair }) => pair.name)).toEqual([])
      await eventually(escrow).toBe(0n)
      for (const [at, parties] of all.entries()) await expectFair(parties, before[at]!)
    } finally {
      await stop()
      fs.rmSync(folder, { recursive: true, force: true })
    }
  },
  4 * failureLimitMs,
)
