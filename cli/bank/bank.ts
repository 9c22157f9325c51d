// The bank: accounts, and tokens for their money; it publishes the tokens, takes unspent ones back, and pays auditors for what was consumed
// and vendors in their name. Everything is persisted before it is submitted or answered, and found again after a crash.
import { randomBytes } from 'node:crypto'
import { connectLedger } from '../../node/client/client.ts'
import type { LedgerClient } from '../../node/client/types.ts'
import type { LooseToken } from '../../node/ledger/form.ts'
import type { Database, WriteOp } from '../../node/store/database.ts'
import { openLevelDatabase } from '../../node/store/level-database.ts'
import { bytesOfHex, toHex } from '../../proto/bytes.ts'
import type { Certificate } from '../../proto/certificates.ts'
import { MupibError } from '../../proto/errors.ts'
import type { Amount } from '../../proto/money.ts'
import { createProof, type VerdictProof } from '../../proto/proof.ts'
import type { SignedStatement, Transfer } from '../../proto/statements.ts'
import type { TokenVerdict } from '../../proto/verdict.ts'
import { OwnRecords, type Settlement } from '../common/own-records.ts'
import type { HolderPayment } from '../common/payment.ts'
import { serialText } from '../common/serial.ts'
import { nextInStream, type OwnStream } from '../common/stream.ts'
import type { SessionBook, SessionShown } from '../session/book.ts'
import { type Account, type PartyAccountRole, partyRoles, referenceBytesMax } from './account-store.ts'
import { type AccountId, depositEvent } from './accounts.ts'
import { type BankLog, Desk } from './desk.ts'
import { noAccountError } from './errors.ts'
import { Expiry } from './expiry.ts'
import { type BankHome, tokenValueOf } from './home.ts'
import { Issuing, tokensOf } from './issuing.ts'
import { type IssuePolicy, openPolicy } from './policy.ts'
import { type Redeemed, type Redeemer, Redemptions } from './redemption.ts'
import { type ReputationEvidence, Reputations } from './reputation.ts'
import type { Reputation } from './reputation-store.ts'
import { type Returned, Returns } from './returns.ts'
import { orderBytes } from './rules.ts'
import type { OpeningRequest } from './session-rules.ts'
import { Sessions } from './sessions.ts'
import { type BooksReport, reportBooks, type StatementRow, statementOf } from './statements.ts'
import { type BankRecords, type Issued, type RecordStream, recordStreams } from './store.ts'
import { type TokenKnown, tokenStates } from './token-state.ts'
import { payTransfers, type Transferred } from './transfers.ts'

export interface BankOptions {
  readonly home: BankHome
  /** Asked before tokens are issued; without it everybody with an account and the money gets some. */
  readonly policy?: IssuePolicy
  /** Go on from the ledger's head although the store is an old copy: tokens that only the lost store held cannot be handed out again. */
  readonly recover?: boolean
  readonly log?: BankLog
  /** Instead of the store of the home. */
  readonly database?: Database
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

/** Tokens that somebody wants; without a name for the order it gets a new one. */
export interface IssueRequest {
  readonly holder: Uint8Array
  readonly count: number
  /** 16 bytes in hex. */
  readonly order?: string
}

export interface AccountStanding extends Account {
  readonly balance: bigint
}

export class Bank {
  readonly home: BankHome
  readonly client: LedgerClient
  readonly #desk: Desk
  readonly #records: BankRecords
  readonly #issuing: Issuing
  readonly #returns: Returns
  readonly #redemptions: Redemptions
  readonly #expiry: Expiry
  readonly #sessions: Sessions
  readonly #reputations: Reputations
  readonly #value: bigint
  #publishUpTo: number

  private constructor(
    desk: Desk,
    client: LedgerClient,
    streams: Readonly<Record<RecordStream, OwnStream>>,
    { policy }: Pick<BankOptions, 'policy'>,
  ) {
    this.home = desk.home
    this.client = client
    this.#desk = desk
    this.#value = tokenValueOf(desk.home)
    this.#publishUpTo = desk.tokens.publishUpTo()
    const settlement: Settlement<RecordStream> = {
      decided: async (kind, number, kept, operations) => {
        if (kind === 'return') return this.#returns.refund(number, kept, operations)
        if (kind !== 'publication') return this.#sessions.book.decided(kind, number, kept, operations)
        await desk.write(operations)
        await this.#expiry.arm()
      },
      voided: (kind, numbers, refused, operations) => {
        if (kind === 'return') return this.#returns.forget(numbers, operations)
        if (kind === 'publication') return this.#issuing.refund(numbers, refused.refusal, operations)
        return this.#sessions.book.voided(kind, numbers, refused, operations)
      },
    }
    const { records: store, streams: turns, log } = desk
    const write = (operations: readonly WriteOp[]): Promise<void> => desk.write(operations)
    this.#records = new OwnRecords(streams, { client, store, turns, settlement, write, log })
    this.#issuing = new Issuing(desk, this.#records, policy ?? openPolicy, this.#value)
    this.#returns = new Returns(desk, this.#records)
    this.#redemptions = new Redemptions(desk)
    this.#expiry = new Expiry(desk)
    this.#sessions = new Sessions(desk, this.#records, client)
    this.#reputations = new Reputations(desk)
  }

  /**
   * Opens store and ledger, asks the ledger where the own streams stand, and goes on with what was persisted and not decided.
   * Throws `store_behind` for an old copy of a store, and what opening store and client throws.
   */
  static async open(options: BankOptions): Promise<Bank> {
    const { home, log = () => {}, recover = false } = options
    tokenValueOf(home)
    const database =
      options.database ?? (await openLevelDatabase(home.store, { genesisHash: bytesOfHex(home.network) }))
    const desk = new Desk(home, database, log)
    let client: LedgerClient | undefined
    try {
      const { genesis, seed, peersFile, fingerprint } = home
      client = await connectLedger({ genesis, seed, peersFile, fingerprint, log })
      const bank = new Bank(desk, client, await desk.records.streams(recordStreams), options)
      await bank.#records.resume(recover)
      bank.#records.submitOpen('publication', bank.#publishUpTo)
      bank.#records.submitOpen('return')
      await bank.#issuing.resume(recover)
      await bank.#sessions.resume(recover)
      await bank.expireDue(Date.now())
      await bank.#expiry.arm()
      return bank
    } catch (error) {
      await client?.close()
      await desk.close()
      throw error
    }
  }

  /** Rejects when the bank cannot go on (a failed write). */
  get failed(): Promise<never> {
    return this.#desk.failed
  }

  /** Opens an account for the party of a checked certificate; the same again changes nothing. Throws `wrong_role`, `name_taken`, `conflict`. */
  openAccount({ name, role, facts, der }: Certificate): Promise<AccountStanding> {
    const own = partyRoles.find(candidate => candidate === role)
    if (!own) return Promise.reject(new MupibError('wrong_role', `a ${role} has no account`, { field: 'certificate' }))
    const key = toHex(facts.publicKey)
    return this.#bringIn(async () => {
      const { accounts } = this.#desk
      const known = accounts.account(key)
      if (known && (known.role !== own || known.name !== name))
        throw new MupibError('conflict', `this key has the account of ${known.role} ${known.name}`, {
          field: 'certificate',
        })
      if (known) return this.account(key)
      this.#checkName(own, name)
      await this.#desk.write(
        accounts.putAccount({ key, name, role: own, certificate: new Uint8Array(der), openedAt: Date.now() }),
      )
      this.#desk.log({ kind: 'account_opened', account: key, name, role })
      return this.account(key)
    })
  }

  /** Accounts and money that come in may be what a session of a lost store waits for. */
  async #bringIn(work: () => Promise<AccountStanding>): Promise<AccountStanding> {
    const { key } = await this.#desk.books.run(work)
    await this.#sessions.backLost()
    return this.account(key)
  }

  #checkName(role: PartyAccountRole, name: string): void {
    const taken = this.#desk.accounts.accountNamed(role, name)
    if (taken !== undefined)
      throw new MupibError('name_taken', `${role} ${name} has an account with another key`, {
        field: 'certificate',
        account: taken,
      })
  }

  /** Throws `no_account`. */
  account(key: AccountId): AccountStanding {
    const account = this.#desk.accounts.account(key)
    if (!account) throw noAccountError(key)
    return { ...account, balance: this.#desk.accounts.balanceOf(key)! }
  }

  async accounts(): Promise<AccountStanding[]> {
    const accounts = await this.#desk.accounts.accounts()
    return accounts.map(account => ({ ...account, balance: this.#desk.accounts.balanceOf(account.key)! }))
  }

  /** Books money that came in, once for each reference. Throws `no_account`, `too_large`, `conflict`, `bad_input`. */
  deposit(key: AccountId, amount: Amount, reference: string): Promise<AccountStanding> {
    const isReference =
      reference !== '' && Buffer.byteLength(reference) <= referenceBytesMax && !/\p{Cc}/u.test(reference)
    if (amount === 0n || !isReference)
      return Promise.reject(
        new MupibError('bad_input', `a deposit has an amount and a reference of up to ${referenceBytesMax} bytes`, {
          field: amount === 0n ? 'amount' : 'reference',
        }),
      )
    return this.#bringIn(async () => {
      if (!this.#desk.accounts.account(key)) throw noAccountError(key)
      const draft = this.#desk.draft()
      const { outcome } = draft.post(depositEvent({ reference, time: Date.now(), amount }, key))
      if (outcome === 'conflict')
        throw new MupibError('conflict', `"${reference}" is another deposit`, { field: 'reference' })
      if (outcome === 'too_large')
        throw new MupibError('too_large', 'more money than the books can hold', { field: 'amount' })
      await this.#desk.write(draft.operations)
      return this.account(key)
    })
  }

  /** Issues tokens without publishing them; resolves with the publication's number once they are persisted. Throws as `Issuing.issue`. */
  async issue(request: IssueRequest): Promise<{ publication: number; count: number; order: string }> {
    const order = { ...request, order: request.order ?? randomBytes(orderBytes).toString('hex') }
    return { publication: await this.#issuing.issue(order), count: order.count, order: order.order }
  }

  /** Issues and publishes; resolves when the publication is final. The same order again gives the same tokens. */
  async issueFinal(request: IssueRequest): Promise<HandedOut & { readonly order: string }> {
    const { publication, order } = await this.issue(request)
    await this.publish(publication)
    // the ledger may have refused it meanwhile, and told another caller
    this.#issuing.checkRefused(request.holder, order)
    return { order, ...this.handOut(publication, { holder: request.holder, order }) }
  }

  /** Submits every publication that is not (up to a number), and resolves when all of them are final. */
  async publish(upTo = nextInStream(this.#records.stream('publication')).number - 1): Promise<number[]> {
    if (upTo > this.#publishUpTo) {
      this.#publishUpTo = upTo
      await this.#desk.write([this.#desk.tokens.putPublishUpTo(upTo)])
    }
    const submitted = this.#records.submitOpen('publication', upTo)
    await Promise.all(submitted.values())
    return [...submitted.keys()]
  }

  /** A final publication's tokens: all, or a holder's, or those of one order. Throws `not_found`, `undecided`. */
  handOut(number: number, of: { readonly holder?: Uint8Array | undefined; readonly order?: string } = {}): HandedOut {
    const issued = this.#published(number)
    return { publication: number, tokens: tokensOf(issued, of), proof: this.proof(number) }
  }

  #published(number: number): Issued {
    const issued = this.#desk.tokens.publication(number)
    if (!issued) throw new MupibError('not_found', `this bank made no publication ${number}`)
    return issued
  }

  /** Proof that a publication is final. Throws `not_found`, `undecided`. */
  proof(number: number): VerdictProof {
    this.#published(number)
    const kept = this.#desk.records.answer('publication', number)
    if (!kept)
      throw new MupibError('undecided', `publication ${number} is not final yet`, { hint: 'mupib bank publish' })
    return createProof(kept.answer, this.home.network)
  }

  /** A serial as people write it: with this bank's name for its own tokens. */
  serialText({ bank, publication, index }: Pick<TokenVerdict, 'bank' | 'publication' | 'index'>): string {
    if (bank === this.home.fingerprint) return `${this.home.name}-${publication}-${index}`
    return serialText(this.home.genesis, bank, publication, index)
  }

  /** Takes tokens back: resolves with the certified verdict on each. Throws as `Returns.takeBack`. */
  takeBack(given: Omit<HolderPayment, 'information'>): Promise<Returned> {
    return this.#returns.takeBack(given)
  }

  /** Pays an auditor for consumed tokens against the ledger's answers. Throws as `Redemptions.redeem`. */
  redeem(answers: readonly Uint8Array[], by: Redeemer): Promise<{ results: Redeemed[]; balance: bigint }> {
    return this.#redemptions.redeem(answers, by)
  }

  /** Pays vendors from an auditor's account. Throws as `payTransfers`. */
  transfer(
    transfers: readonly SignedStatement<Transfer>[],
    auditor: Certificate,
  ): Promise<{ results: Transferred[]; balance: bigint }> {
    return payTransfers(this.#desk, transfers, auditor)
  }

  /** Escrow and opening of a session. Throws as `Sessions.open`. */
  openSession(request: OpeningRequest): Promise<SessionShown> {
    return this.#sessions.open(request)
  }

  /** Sessions that this bank keeps, and the news of them. */
  get sessions(): SessionBook {
    return this.#sessions.book
  }

  /** Throws `no_account`. */
  async reputation(key: AccountId): Promise<Reputation> {
    if (!this.#desk.accounts.account(key)) throw noAccountError(key)
    return this.#reputations.of(key)
  }

  /** Throws as `Reputations.report`. */
  reportMisconduct(evidence: ReputationEvidence): Promise<Reputation> {
    return this.#reputations.report(evidence)
  }

  /** What became of a holder's tokens, as far as the bank knows. Throws as `tokenStates`. */
  tokenStates(holder: Uint8Array, serials: readonly string[]): Record<string, TokenKnown> {
    const openReturns = this.#records.stream('return').open.map(({ number }) => number)
    return tokenStates(this.#desk, openReturns, holder, serials)
  }

  /** Books what expired unspent, as the bank's own timer does; returns the publications that had some. Time in milliseconds. */
  expireDue(now: number): Promise<number[]> {
    return this.#expiry.expireDue(now)
  }

  /** An account's entries, oldest first. Throws `no_account`. */
  statement(account: AccountId): Promise<StatementRow[]> {
    return statementOf(this.#desk, account)
  }

  /** The books, held to their journal. */
  books(): Promise<BooksReport> {
    return reportBooks(this.#desk)
  }

  async publications(): Promise<PublicationSummary[]> {
    const numbers = await this.#desk.records.numbers('publication')
    const { decided } = this.#records.stream('publication')
    return numbers.map(number => {
      const { record, shares } = this.#published(number)
      const { issuedAt, payBy, expiry, hashes } = record.record
      return {
        publication: number,
        tokens: hashes.length / 32,
        holders: new Set(shares.map(({ holder }) => toHex(holder))).size,
        state: number <= decided.number ? 'final' : number <= this.#publishUpTo ? 'submitted' : 'issued',
        digest: record.digest,
        issuedAt,
        payBy,
        expiry,
      }
    })
  }

  status(): Record<string, unknown> {
    const { decided, open } = this.#records.stream('publication')
    return {
      name: this.home.name,
      pid: process.pid,
      state: 'running',
      tokenValue: this.#value,
      entries: this.#desk.accounts.lastEntry(),
      publications: decided.number,
      unpublished: open.filter(({ number }) => number > this.#publishUpTo).length,
      undecided: open.filter(({ number }) => number <= this.#publishUpTo).length,
      returns: this.#records.stream('return').decided.number,
      peers: this.client.connections(),
    }
  }

  async close(): Promise<void> {
    this.#expiry.stop()
    await this.#sessions.stop()
    await this.client.close()
    await this.#desk.close()
  }
}
