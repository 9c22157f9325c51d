// Clients that speak to the ledger directly: token blocks of their own, some of them deliberate double spends through other validators at the same
// moment, every call and its end written down. What was not answered in time is unknown, and said again with the same bytes.
import * as path from 'node:path'
import { readJson, readKeyFile, writeAtomic } from '../../../cli/common/files.ts'
import { connectLedger } from '../../../node/client/client.ts'
import type { LedgerClient, VerifiedAnswer } from '../../../node/client/types.ts'
import { readGenesis } from '../../../node/config.ts'
import { type LooseToken, layOutTokens } from '../../../node/ledger/form.ts'
import { Writer } from '../../../proto/bytes.ts'
import { assert, MupibError } from '../../../proto/errors.ts'
import { type Genesis, genesisHash } from '../../../proto/genesis.ts'
import { type Digest, digestOf, sha256, zeroDigest } from '../../../proto/hash.ts'
import { type SigningKey, signingKeyFromSeed } from '../../../proto/keys.ts'
import { type SignedRecord, signRecord } from '../../../proto/records.ts'
import type { SeededRandom } from '../../random.ts'
import type { ReplayedNetwork } from '../../replay/parties.ts'
import type { TokenSpent } from '../history.ts'
import { Holder, serialOf } from './holder.ts'
import type { Recorder } from './recorder.ts'
import { atMost, pause } from './schedule.ts'

/** Names of the auditors in genesis that this load speaks for. */
export const ledgerClients: readonly string[] = ['client-1', 'client-2']
/** Name of the one in whose name the ledger is flooded. */
export const floodClient = 'client-3'

export interface LedgerLoadOptions {
  /** Blocks per second, of all streams together. */
  readonly rate: number
  /** Tokens of a block, at most. */
  readonly tokens: number
  /** How many holders; each has a stream with each client. */
  readonly holders: number
  /** Tokens of each holder. */
  readonly purse: number
  /** After so many milliseconds a call counts as not answered. */
  readonly callLimitMs: number
}

/** Shares of the blocks that spend what the other stream spends at that moment, and that are handed in once more after their answer. */
const duelShare = 0.12
const repeatShare = 0.1

/** Digest over what a certified answer says: the record's leaf and those of its transactions. */
export function answerDigest(leaf: Uint8Array, transactions: readonly Uint8Array[]): string {
  const writer = new Writer(1024).bytes(leaf).u32(transactions.length)
  for (const transaction of transactions) writer.bytes(transaction)
  return Buffer.from(sha256(writer.finish())).toString('hex')
}

interface Client {
  readonly name: string
  readonly ledger: LedgerClient
  readonly key: SigningKey
  readonly fingerprint: Digest
}

interface Made {
  readonly record: SignedRecord
  readonly spent: readonly Omit<TokenSpent, 'verdict'>[]
}

/** What all streams of a load share. */
interface Shared {
  readonly recorder: Recorder
  readonly options: LedgerLoadOptions
  readonly random: SeededRandom
  readonly network: Digest
  nextCall(): number
  decided(): void
  isEnding(): boolean
  readonly closing: AbortSignal
}

class Stream {
  readonly #client: Client
  readonly #holder: Holder
  readonly #pool: LooseToken[]
  readonly #shared: Shared
  /** Tokens that the other stream spends as well. */
  readonly #due: LooseToken[][] = []
  #number = 0
  #previous: Digest = zeroDigest
  other: Stream | undefined

  constructor(client: Client, holder: Holder, pool: LooseToken[], shared: Shared) {
    this.#client = client
    this.#holder = holder
    this.#pool = pool
    this.#shared = shared
  }

  async run(everyMs: number): Promise<void> {
    const { closing } = this.#shared
    await pause(this.#shared.random.fraction() * everyMs, closing)
    while (!this.#shared.isEnding()) {
      const began = performance.now()
      const tokens = this.#next()
      if (tokens.length === 0) return
      await this.#spend(tokens)
      await pause(began + everyMs - performance.now(), closing)
    }
  }

  #next(): LooseToken[] {
    const due = this.#due.shift()
    if (due) return due
    const { random, options } = this.#shared
    const tokens = this.#pool.splice(0, random.integer(1, options.tokens))
    if (random.fraction() < duelShare && this.other) this.other.#due.push(tokens)
    return tokens
  }

  #make(tokens: readonly LooseToken[]): Made {
    const { network } = this.#shared
    const { home } = this.#holder
    const information = digestOf(
      'information',
      new Writer(64)
        .text(this.#client.name)
        .u64(this.#number + 1)
        .finish(),
    )
    const payment = this.#holder.sign(tokens, information, Date.now())
    const { groups, transactions } = layOutTokens([payment])
    const record = signRecord(
      {
        kind: 'tokenBlock',
        network,
        signer: this.#client.fingerprint,
        number: this.#number + 1,
        previous: this.#previous,
        user: home.key.publicKey,
        pending: true,
        terms:
          this.#number === 0 ? { w0: this.#shared.options.tokens, model: 'neutral', rounding: 'floor' } : undefined,
        groups,
        transactions,
      },
      this.#client.key,
    )
    return { record, spent: tokens.map(token => ({ serial: serialOf(token), payload: payment.digest })) }
  }

  async #spend(tokens: readonly LooseToken[]): Promise<void> {
    const made = this.#make(tokens)
    for (;;) {
      const result = await this.#call(made)
      if (result === 'unknown' && !this.#shared.closing.aborted) continue
      if (result !== 'ok') return
      break
    }
    this.#number += 1
    this.#previous = made.record.digest
    if (this.#shared.random.fraction() < repeatShare) await this.#call(made)
  }

  async #call({ record, spent }: Made): Promise<'ok' | 'refused' | 'unknown'> {
    const { recorder, options } = this.#shared
    const { name, ledger } = this.#client
    const call = this.#shared.nextCall()
    recorder.see({ type: 'invoke', call, client: name, record: record.digest, kind: 'tokenBlock', tokens: spent })
    const ended = (result: 'ok' | 'refused' | 'unknown', code?: string, answer?: VerifiedAnswer): typeof result => {
      const verdicts = answer?.transactions.flatMap(({ tokens }) => tokens.map(({ verdict }) => verdict)) ?? []
      const tokens = spent.map((token, place) => ({ ...token, verdict: verdicts[place] }))
      recorder.see({ type: 'return', call, result, code, height: answer?.height, tokens })
      return result
    }
    try {
      const answer = await atMost(options.callLimitMs, ledger.submit(record))
      if (!answer) return ended('unknown', 'timeout')
      const { refusal } = answer.verdict
      const { recordLeaf, transactionLeaves } = answer.answer
      const said = answerDigest(recordLeaf, transactionLeaves)
      recorder.see({ type: 'acknowledged', client: name, record: record.digest, answer: said })
      if (refusal !== undefined) return ended('refused', refusal, answer)
      this.#shared.decided()
      return ended('ok', undefined, answer)
    } catch (error) {
      if (!(error instanceof MupibError) || error.code === 'bug') throw error
      if (error.code === 'stopped') return ended('unknown', error.code)
      await pause(500, this.#shared.closing)
      return ended('refused', error.code)
    }
  }
}

export class LedgerLoad {
  readonly holders: readonly Holder[]
  readonly #clients: readonly Client[]
  readonly #streams: readonly Stream[]
  readonly #options: LedgerLoadOptions
  readonly #closing = new AbortController()
  #runs: Promise<unknown> = Promise.resolve()
  #waiting: (() => void)[] = []
  #calls = 0
  #isEnding = false

  private constructor(
    clients: readonly Client[],
    holders: readonly Holder[],
    options: LedgerLoadOptions,
    about: { readonly network: Digest; readonly recorder: Recorder; readonly random: SeededRandom },
  ) {
    this.#clients = clients
    this.holders = holders
    this.#options = options
    const shared: Shared = {
      ...about,
      options,
      closing: this.#closing.signal,
      isEnding: () => this.#isEnding,
      nextCall: () => ++this.#calls,
      decided: () => {
        for (const wake of this.#waiting.splice(0)) wake()
      },
    }
    this.#streams = holders.flatMap(holder => {
      const pool = [...holder.withdrawn]
      const pair = clients.map(client => new Stream(client, holder, pool, shared))
      for (const stream of pair) stream.other = pair.find(candidate => candidate !== stream)
      return pair
    })
  }

  /** Connects each client to its own part of the validators. */
  static async open(
    network: ReplayedNetwork,
    recorder: Recorder,
    random: SeededRandom,
    options: LedgerLoadOptions,
    signal: AbortSignal,
  ): Promise<LedgerLoad> {
    const genesis = readGenesis(network.files.genesisFile)
    const clients: Client[] = []
    try {
      for (const [place, name] of ledgerClients.entries())
        clients.push(await connectClient(network, genesis, name, place))
      const names = Array.from({ length: options.holders }, (_, index) => `holder-${index + 1}`)
      const holders = await Promise.all(names.map(name => Holder.open(network, name, options.purse, signal)))
      return new LedgerLoad(clients, holders, options, { network: genesisHash(genesis), recorder, random })
    } catch (error) {
      await Promise.allSettled(clients.map(({ ledger }) => ledger.close()))
      throw error
    }
  }

  start(): void {
    const everyMs = (1_000 * this.#streams.length) / this.#options.rate
    this.#runs = Promise.all(this.#streams.map(stream => stream.run(everyMs)))
    // a failure shows where the load is waited for
    this.#runs.catch(() => {})
  }

  /** Resolves at the next verdict. */
  nextVerdict(): Promise<void> {
    return Promise.race([
      new Promise<void>(resolve => this.#waiting.push(resolve)),
      this.#runs.then(() => new Promise<void>(() => {})),
    ])
  }

  /** Begins nothing new, and waits so long at most for what is under way. Throws what a stream threw. */
  async drain(limitMs: number): Promise<void> {
    this.#isEnding = true
    const closing = setTimeout(() => void this.close(), limitMs)
    try {
      await this.#runs
    } finally {
      clearTimeout(closing)
    }
  }

  async close(): Promise<void> {
    this.#isEnding = true
    this.#closing.abort()
    await Promise.all(this.#clients.map(({ ledger }) => ledger.close()))
  }
}

/** Client n of m knows every m-th validator: what it says reaches the others only through those. */
async function connectClient(
  { files }: ReplayedNetwork,
  genesis: Genesis,
  name: string,
  place: number,
): Promise<Client> {
  const folder = path.join(files.clientsFolder, name)
  const all = Object.entries(readJson(files.peersFile, 'bad_config') as Record<string, readonly string[]>)
  const own = all.filter((_, index) => all.length < ledgerClients.length || index % ledgerClients.length === place)
  const peersFile = path.join(folder, 'peers.json')
  writeAtomic(peersFile, JSON.stringify(Object.fromEntries(own)))
  const { seed } = readKeyFile(path.join(folder, 'key.json'))
  const member = genesis.members.find(candidate => candidate.name === name)
  assert(member, `the genesis of an experiment names ${name}`)
  const ledger = await connectLedger({ genesis, seed, peersFile })
  return { name, ledger, key: signingKeyFromSeed(seed), fingerprint: member.certificate.fingerprint }
}
