// The bank: issues tokens, publishes them, takes unspent ones back. Everything is persisted before it is submitted and found again after a crash.

import { connectLedger } from '../../node/client/client.ts'
import type { LedgerClient, VerifiedAnswer } from '../../node/client/types.ts'
import { type LooseToken, layOutTokens } from '../../node/ledger/form.ts'
import { openLevelDatabase } from '../../node/store/level-database.ts'
import { bytesEqual, bytesOfHex } from '../../proto/bytes.ts'
import { MupibError } from '../../proto/errors.ts'
import { signatureBytes } from '../../proto/keys.ts'
import { createProof, type VerdictProof } from '../../proto/proof.ts'
import { type LedgerRecord, type Publication, type SignedRecord, signRecord } from '../../proto/records.ts'
import { groupDigest, signToken, type TokenGroup, TokenHasher } from '../../proto/token.ts'
import { decodeTransactionVerdict } from '../../proto/verdict.ts'
import type { ActorHome } from '../common/actor-home.ts'
import type { HolderPayment } from '../common/payment.ts'
import {
  appendToStream,
  checkAgainstLedger,
  type Head,
  nextInStream,
  type OwnStream,
  settleInStream,
} from '../common/stream.ts'
import {
  checkOrder,
  checkReturn,
  type HolderShare,
  nextPublication,
  type TokenLifetime,
  type TokenOrder,
} from './rules.ts'
import { BankStore, type Issued, type KeptAnswer } from './store.ts'

/** Tokens signed between two turns of the event loop. */
const signedAtOnce = 256

export interface BankSettings {
  readonly lifetime: TokenLifetime
}

export interface BankOptions {
  readonly home: ActorHome & { readonly own: BankSettings }
  /** Go on from the ledger's head although the store is an old copy: tokens that only the lost store held cannot be handed out again. */
  readonly recover?: boolean
  readonly log?: (event: { readonly kind: string; readonly [field: string]: unknown }) => void
}

/** A publication as it is listed. */
export interface PublicationSummary {
  readonly publication: number
  readonly tokens: number
  readonly holders: number
  readonly state: 'issued' | 'submitted' | 'final'
  readonly digest: string
  readonly issuedAt: number
  readonly payBy: number
  readonly expiry: number
}

/** Tokens handed out: with the proof that their publication is final. */
export interface HandedOut {
  readonly publication: number
  readonly tokens: readonly LooseToken[]
  readonly proof: VerdictProof
}

type Kind = 'publication' | 'return'
type Waiter = TokenOrder & { readonly resolve: (number: number) => void; readonly reject: (error: unknown) => void }

export class Bank {
  readonly home: ActorHome & { readonly own: BankSettings }
  readonly client: LedgerClient
  /** Rejects when the bank cannot go on (a failed write). */
  readonly failed: Promise<never>
  readonly #store: BankStore
  readonly #log: NonNullable<BankOptions['log']>
  /** Submitted and not settled, by kind and number. */
  readonly #deciding = new Map<string, Promise<KeptAnswer>>()
  readonly #value: bigint
  #publications: OwnStream
  #returns: OwnStream
  #publishUpTo: number
  #orders: readonly Waiter[] = []
  #isIssuing = false
  #serial: Promise<unknown> = Promise.resolve()
  #fail!: (error: unknown) => void

  private constructor(
    options: BankOptions,
    client: LedgerClient,
    store: BankStore,
    streams: { publications: OwnStream; returns: OwnStream },
  ) {
    this.home = options.home
    this.client = client
    this.#store = store
    this.#log = options.log ?? (() => {})
    this.#publications = streams.publications
    this.#returns = streams.returns
    this.#publishUpTo = store.publishUpTo()
    this.#value = tokenValueOf(options.home)
    this.failed = new Promise((_, reject) => {
      this.#fail = reject
    })
    this.failed.catch(() => {})
  }

  /**
   * Opens store and ledger, asks the ledger where the own streams stand, and submits what was persisted and not decided.
   * Throws `store_behind` for an old copy of a store, and what opening store and client throws.
   */
  static async open(options: BankOptions): Promise<Bank> {
    const { home } = options
    const database = await openLevelDatabase(home.store, { genesisHash: bytesOfHex(home.network) })
    const store = new BankStore(database)
    let client: LedgerClient | undefined
    try {
      const { genesis, seed, peersFile, fingerprint } = home
      client = await connectLedger({
        genesis,
        seed,
        peersFile,
        fingerprint,
        ...(options.log ? { log: options.log } : {}),
      })
      const [publications, returns] = await Promise.all([store.stream('publication'), store.stream('return')])
      const bank = new Bank(options, client, store, { publications, returns })
      await bank.#resume(options.recover === true)
      return bank
    } catch (error) {
      await client?.close()
      await store.close()
      throw error
    }
  }

  async #resume(recover: boolean): Promise<void> {
    const [publication, returned] = await Promise.all([
      this.client.streamHead('publication'),
      this.client.streamHead('return'),
    ])
    if (recover) {
      await this.#goOnFrom('publication', publication)
      await this.#goOnFrom('return', returned)
    }
    checkAgainstLedger(this.#publications, publication, 'publications of this bank')
    checkAgainstLedger(this.#returns, returned, 'returns of this bank')
    for (const { number } of this.#publications.open) if (number <= this.#publishUpTo) this.#submitPublication(number)
    for (const { number } of this.#returns.open) void this.#submitReturn(number)
  }

  /** Takes the ledger's head for the own one where it is further: what was open under used numbers can never be decided. */
  async #goOnFrom(kind: Kind, head: Head): Promise<void> {
    const own = kind === 'publication' ? this.#publications : this.#returns
    if (head.number < nextInStream(own).number) return
    await this.#write(...own.open.map(({ number }) => this.#store.forget(kind, number)))
    this.#setStream(kind, { decided: head, open: [] })
  }

  /** One thing at a time where numbers are given out. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#serial.then(work)
    this.#serial = done.catch(() => {})
    return done
  }

  async #write(...operations: Parameters<BankStore['write']>[0]): Promise<void> {
    try {
      await this.#store.write(operations)
    } catch (error) {
      this.#fail(error)
      throw error
    }
  }

  /** Issues tokens without publishing them; resolves with the publication's number once they are persisted. */
  async issue(order: TokenOrder): Promise<{ publication: number; count: number }> {
    checkOrder(order)
    const publication = await new Promise<number>((resolve, reject) => {
      this.#orders = [...this.#orders, { ...order, resolve, reject }]
      void this.#issueWaiting()
    })
    return { publication, count: order.count }
  }

  /** Orders that come while a publication is made share the next one. */
  async #issueWaiting(): Promise<void> {
    if (this.#isIssuing) return
    this.#isIssuing = true
    try {
      while (this.#orders.length > 0) {
        const { taken, rest, tokens } = nextPublication(this.#orders)
        this.#orders = rest
        try {
          const number = await this.#inTurn(() => this.#makePublication(taken, tokens))
          for (const { resolve } of taken) resolve(number)
        } catch (error) {
          for (const { reject } of taken) reject(error)
        }
      }
    } finally {
      this.#isIssuing = false
    }
  }

  async #makePublication(shares: readonly HolderShare[], tokens: number): Promise<number> {
    const { number, previous } = nextInStream(this.#publications)
    const { payByMs, settlementMs } = this.home.own.lifetime
    const issuedAt = Date.now()
    const times = { issuedAt, payBy: issuedAt + payByMs, expiry: issuedAt + payByMs + settlementMs }
    const hashes = Buffer.alloc(tokens * 32)
    const signatures = Buffer.alloc(tokens * signatureBytes)
    const hasher = new TokenHasher()
    for (const { holder, start, count } of shares) {
      const group: TokenGroup = {
        bank: this.home.fingerprint,
        publication: number,
        value: this.#value,
        ...times,
        holder,
      }
      const digest = groupDigest(bytesOfHex(this.home.network), group)
      hasher.group(digest)
      for (let index = start; index < start + count; index++) {
        const signature = signToken(digest, index, this.home.key)
        signatures.set(signature, index * signatureBytes)
        hashes.set(hasher.hash(index, signature), index * 32)
        if (index % signedAtOnce === signedAtOnce - 1) await new Promise(resolve => setImmediate(resolve))
      }
    }
    const content: Publication = {
      kind: 'publication',
      network: this.home.network,
      signer: this.home.fingerprint,
      number,
      previous,
      value: this.#value,
      ...times,
      hashes,
    }
    const record = signRecord(content, this.home.key)
    await this.#write(this.#store.putPublication({ record, shares, signatures }))
    this.#publications = appendToStream(this.#publications, record.digest)
    this.#log({ kind: 'issued', publication: number, tokens })
    return number
  }

  /** Submits every publication that is not (up to a number), and resolves when all of them are final. */
  async publish(upTo = nextInStream(this.#publications).number - 1): Promise<number[]> {
    if (upTo > this.#publishUpTo) {
      this.#publishUpTo = upTo
      await this.#write(this.#store.putPublishUpTo(upTo))
    }
    // what became final during the write is open no more
    const numbers = this.#publications.open.map(({ number }) => number).filter(number => number <= upTo)
    for (const number of numbers) this.#submitPublication(number)
    await Promise.all(numbers.map(number => this.#deciding.get(`publication/${number}`)))
    return numbers
  }

  #submitPublication(number: number): void {
    const record = this.#store.publication(number)?.record
    if (!record) throw new MupibError('bug', `publication ${number} is open and not stored`)
    void this.#decide('publication', record)
  }

  #submitReturn(number: number): Promise<KeptAnswer> {
    const record = this.#store.return(number)
    if (!record) throw new MupibError('bug', `return ${number} is open and not stored`)
    return this.#decide('return', record)
  }

  /** Submits once, and keeps the answer. Answers come in any order and are settled in the order of numbers. */
  #decide(kind: Kind, record: SignedRecord<LedgerRecord>): Promise<KeptAnswer> {
    const { number } = record.record
    const name = `${kind}/${number}`
    const known = this.#deciding.get(name)
    if (known) return known
    const before = this.#deciding.get(`${kind}/${number - 1}`)?.catch(() => {})
    const decided = this.client.submit(record).then(async answer => {
      await before
      return this.#inTurn(() => this.#settle(kind, number, answer))
    })
    this.#deciding.set(name, decided)
    const forget = (): void => {
      if (this.#deciding.get(name) === decided) this.#deciding.delete(name)
    }
    decided.then(forget, forget)
    return decided
  }

  async #settle(kind: Kind, number: number, { digest, verdict, answer }: VerifiedAnswer): Promise<KeptAnswer> {
    const own = kind === 'publication' ? this.#publications : this.#returns
    if (verdict.refusal !== undefined) {
      // what follows a refused record is refused with it: the first of them voids the rest
      if (own.open.some(head => head.digest === digest)) {
        const { stream, voided } = settleInStream(own, digest, true)
        await this.#write(...voided.map(head => this.#store.forget(kind, head.number)))
        this.#setStream(kind, stream)
      }
      this.#log({ kind: 'refused', record: digest, number, refusal: verdict.refusal })
      throw new MupibError(verdict.refusal, `the ledger refused ${kind} ${number}: ${verdict.refusal}`)
    }
    const kept: KeptAnswer = { digest, answer }
    await this.#write(this.#store.putAnswer(kind, number, kept))
    this.#setStream(kind, settleInStream(own, digest, false).stream)
    return kept
  }

  #setStream(kind: Kind, stream: OwnStream): void {
    if (kind === 'publication') this.#publications = stream
    else this.#returns = stream
  }

  /** Issues and publishes; resolves when the publication is final. */
  async issueFinal(order: TokenOrder): Promise<HandedOut> {
    const { publication } = await this.issue(order)
    await this.publish(publication)
    return this.handOut(publication, order.holder)
  }

  /** A final publication's tokens, of one holder or of all. Throws `not_found`, `undecided`. */
  handOut(number: number, holder?: Uint8Array): HandedOut {
    const issued = this.#published(number)
    const kept = this.#store.answer('publication', number)
    if (!kept)
      throw new MupibError('undecided', `publication ${number} is not final yet`, { hint: 'mupib bank publish' })
    return {
      publication: number,
      tokens: tokensOf(issued, holder),
      proof: createProof(kept.answer, this.home.network),
    }
  }

  #published(number: number): Issued {
    const issued = this.#store.publication(number)
    if (!issued) throw new MupibError('not_found', `this bank made no publication ${number}`)
    return issued
  }

  /** Takes tokens back: resolves with the certified verdict on each. */
  async takeBack(
    given: Omit<HolderPayment, 'information'>,
  ): Promise<{ number: number; kept: KeptAnswer; refunded: number }> {
    const payment = checkReturn(this.home.network, this.home.fingerprint, given)
    // one return at a time: the next one names its digest, and a refused one is given its number anew
    const { number, decided } = await this.#inTurn(async () => {
      const { number, previous } = nextInStream(this.#returns)
      const { groups, transactions } = layOutTokens([payment])
      const { time, information, signature, tokens } = transactions[0]!
      const heading = { network: this.home.network, signer: this.home.fingerprint, number, previous }
      const record = signRecord(
        { kind: 'return', ...heading, user: payment.holder, groups, payment: { time, information, signature, tokens } },
        this.home.key,
      )
      await this.#write(this.#store.putReturn(record))
      this.#returns = appendToStream(this.#returns, record.digest)
      return { number, decided: this.#submitReturn(number) }
    })
    const kept = await decided
    const [leaf] = kept.answer.transactionLeaves
    const verdicts = leaf ? decodeTransactionVerdict(leaf).tokens : []
    return {
      number,
      kept,
      refunded: verdicts.filter(token => token.verdict === '11' && token.use === 'consumed').length,
    }
  }

  /** Proof that a publication is final. Throws `not_found`, `undecided`. */
  proof(number: number): VerdictProof {
    this.#published(number)
    return this.handOut(number).proof
  }

  async publications(): Promise<PublicationSummary[]> {
    const numbers = await this.#store.numbers('publication')
    return numbers.map(number => {
      const { record, shares } = this.#published(number)
      const { issuedAt, payBy, expiry, hashes } = record.record
      const isFinal = number <= this.#publications.decided.number
      return {
        publication: number,
        tokens: hashes.length / 32,
        holders: shares.length,
        state: isFinal ? 'final' : number <= this.#publishUpTo ? 'submitted' : 'issued',
        digest: record.digest,
        issuedAt,
        payBy,
        expiry,
      }
    })
  }

  status(): Record<string, unknown> {
    const { decided, open } = this.#publications
    return {
      name: this.home.name,
      pid: process.pid,
      state: 'running',
      tokenValue: this.#value,
      publications: decided.number,
      unpublished: open.filter(({ number }) => number > this.#publishUpTo).length,
      undecided: open.filter(({ number }) => number <= this.#publishUpTo).length,
      returns: this.#returns.decided.number,
      peers: this.client.connections(),
    }
  }

  async close(): Promise<void> {
    await this.client.close()
    await this.#serial
    await this.#store.close()
  }
}

function tokenValueOf(home: ActorHome): bigint {
  const member = home.genesis.members.find(({ name, role }) => role === 'bank' && name === home.name)
  if (!member)
    throw new MupibError('bad_config', `genesis names no bank ${home.name}`, { hint: 'is it the right genesis?' })
  return member.tokenValue
}

function tokensOf({ record, shares, signatures }: Issued, holder: Uint8Array | undefined): LooseToken[] {
  const { signer: bank, number: publication, value, issuedAt, payBy, expiry } = record.record
  return shares
    .filter(share => holder === undefined || bytesEqual(share.holder, holder))
    .flatMap(share => {
      const group: TokenGroup = { bank, publication, value, issuedAt, payBy, expiry, holder: share.holder }
      return Array.from({ length: share.count }, (_, i) => {
        const index = share.start + i
        return { group, index, signature: signatures.slice(index * signatureBytes, (index + 1) * signatureBytes) }
      })
    })
}
