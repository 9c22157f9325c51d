// A simulated auditor: the real queue rules (Q1 to Q11), the real trust, the real settlement, on a virtual store, clock and post. What a step decides
// is persisted in one write before any answer or block goes out; after a crash the queues are put together again from the store.
import { factsOf, staticRefusal, worthOf } from '../../../cli/auditor/check.ts'
import {
  createUserState,
  type Effect,
  type OpenBlock,
  type OpenPayment,
  step,
  tokensOf,
  type UserEvent,
  type UserState,
} from '../../../cli/auditor/rules.ts'
import { applyBlock, initialStanding, type Standing } from '../../../cli/auditor/trust.ts'
import type { PresentedPayment } from '../../../cli/common/payment.ts'
import type { Head } from '../../../cli/common/stream.ts'
import type { Random } from '../../../consensus/simulator/random.ts'
import type { FinalBlock } from '../../../consensus/types.ts'
import { layOutTokens } from '../../../node/ledger/form.ts'
import { bytesOfHex, toHex } from '../../../proto/bytes.ts'
import { type Digest, zeroDigest } from '../../../proto/hash.ts'
import type { SignedRecord, TokenBlock, TrustTerms } from '../../../proto/records.ts'
import { sessionDigest } from '../../../proto/session/terms.ts'
import type { TransactionVerdict, UserStanding } from '../../../proto/verdict.ts'
import { bookRows, type OpenRedemption, type OpenTransfer, settleRows, type Taken } from './auditor-money.ts'
import { type LedgerAccess, type ReadAnswer, readAnswer } from './ledger-client.ts'
import { LedgerParty } from './ledger-party.ts'
import { certificateOf, ledgerNetwork, tokenValue } from './parties.ts'
import type { AnsweredBlock, CertifiedBlocks, Letter, PartyWorld } from './party.ts'
import { PartyStore, type Row } from './party-store.ts'
import { isSessionKind, SessionCarrier } from './session-carrier.ts'
import { isPaymentSigned, signRecordAs } from './signing.ts'

/** Ways in which planted bugs make a simulated auditor go wrong. */
export interface AuditorSwitches {
  /** Takes every token of its own blocks for consumed, whatever the verdict says. */
  readonly judgesItself?: boolean
  /** Payments that wait are kept in memory only. */
  readonly forgetsWaiting?: boolean
  /** Makes what is queued its vendors' due again after a restart. */
  readonly settlesAgain?: boolean
  /** W stays as it was after a bad verdict. */
  readonly ignoresTrust?: boolean
}

export interface AuditorOptions {
  readonly diskMs: number
  readonly blockSize: number
  readonly genesis: FinalBlock
  readonly switches: AuditorSwitches
}

interface KeptUser {
  readonly last: Head
}

interface KeptStanding extends Standing {
  readonly sequence: number
}

interface KeptBlock {
  readonly record: SignedRecord<TokenBlock>
  readonly sequences: readonly number[]
}

interface KeptRuling {
  readonly answer: 'deliver' | 'wait' | 'rejected'
  readonly reason: string
}

/** How often open transfers and redemptions are sent again, and payments near their payBy are looked for, in milliseconds. */
const outboxMs = 250

const bank = certificateOf('bank').fingerprint

export class SimulatedAuditor extends LedgerParty {
  readonly store: PartyStore
  readonly #options: AuditorOptions
  readonly #terms: TrustTerms
  readonly #carrier: SessionCarrier
  #users = new Map<string, UserState<Taken>>()

  constructor(name: string, world: PartyWorld, random: Random, access: LedgerAccess, options: AuditorOptions) {
    super(name, world, random, access)
    this.#options = options
    this.#terms = { w0: options.blockSize, model: 'neutral', rounding: 'floor' }
    this.store = new PartyStore({
      random: random.fork(1),
      diskMs: () => options.diskMs + this.slownessMs,
      later: (ms, run) => this.later(ms, run),
    })
    this.#carrier = new SessionCarrier(name, this.store, record => this.submit(record))
  }

  protected wake(): void {
    this.#users = new Map(this.store.entries<KeptUser>('user/').map(([user, kept]) => [user, this.#load(user, kept)]))
    this.connect()
    for (const [user, state] of this.#users) {
      const kept = state.block && this.store.get<KeptBlock>(`block/${user}/${state.block.number}`)
      if (kept) this.submit(kept.record)
      else this.#step(user, { type: 'trust', blockSize: this.#standing(user).blockSize, now: this.now })
    }
    this.#carrier.wake()
    this.#tend()
  }

  protected tip(): FinalBlock {
    return this.store.get<FinalBlock>('tip') ?? this.#options.genesis
  }

  protected override end(kind: 'power' | 'kill'): void {
    super.end(kind)
    this.store.crash(kind)
  }

  /** A user as the store has it: what was delivered is queued, what was told to wait is held, the open block is there. */
  #load(user: string, kept: KeptUser): UserState<Taken> {
    const open = this.store
      .entries<OpenPayment<Taken>>(`open/${user}/`)
      .map(([, payment]) => payment)
      .sort((a, b) => a.sequence - b.sequence)
    const number = kept.last.number + 1
    const block = this.store.get<KeptBlock>(`block/${user}/${number}`)
    const inBlock = open.filter(({ sequence }) => block?.sequences.includes(sequence))
    const outside = open.filter(({ sequence }) => !block?.sequences.includes(sequence))
    const answerOf = ({ digest }: OpenPayment<Taken>) => this.store.get<KeptRuling>(`ruling/${digest}`)?.answer
    const queue = outside.filter(each => answerOf(each) === 'deliver')
    if (this.#options.switches.settlesAgain)
      for (const payment of queue) this.store.write(settleRows(this.store, payment))
    return {
      ...createUserState<Taken>(kept.last, this.#standing(user).blockSize),
      queue,
      queuedTokens: tokensOf(queue),
      held: outside.filter(each => answerOf(each) === 'wait'),
      block: block && {
        number,
        previous: kept.last.digest,
        pending: block.record.record.pending,
        tokens: tokensOf(inBlock),
        payments: inBlock,
      },
      nextSequence: this.store.get<number>(`nextSequence/${user}`) ?? 0,
    }
  }

  #standing(user: string): KeptStanding {
    const kept = this.store.get<KeptStanding>(`standing/${user}`)
    if (!kept) return { sequence: 0, ...initialStanding(this.#terms) }
    return this.#options.switches.ignoresTrust ? { ...kept, blockSize: this.#terms.w0 } : kept
  }

  /** Sends what is open again until it is done, and flushes queues before their tokens can expire. */
  #tend(): void {
    for (const [number, { payload, payee, amount }] of this.store.entries<OpenTransfer>('transfer/'))
      this.send('bank', { type: 'transfer', number: Number(number), payload, payee, amount })
    for (const [number, { record, proof }] of this.store.entries<OpenRedemption>('redemption/'))
      this.send('bank', { type: 'redeem', number: Number(number), record, proof })
    for (const [user, { queue, isFlushing, refusal }] of this.#users)
      if (!isFlushing && refusal === undefined && queue.some(({ facts }) => facts.payBy <= this.now + outboxMs))
        this.#step(user, { type: 'flush', now: this.now })
    this.later(outboxMs, () => this.#tend())
  }

  protected hear(from: string, letter: Letter): void {
    switch (letter.type) {
      case 'present':
        this.#present(from, letter.digest, letter.payment)
        break
      case 'redeemed':
        this.#redeemed(letter.number, letter.amount)
        break
      case 'transferred':
        this.#transferred(letter.number)
        break
      case 'carryOpening':
      case 'closeSession': {
        const session = sessionDigest(letter.terms)
        const [opening, claim] = letter.type === 'carryOpening' ? [letter, undefined] : [undefined, letter.claim]
        this.#carrier.carry({ session, opening, claim, asker: from })
        break
      }
      default:
        break
    }
  }

  #redeemed(number: number, amount: bigint): void {
    if (!this.store.get(`redemption/${number}`)) return
    const received = (this.store.get<bigint>('received') ?? 0n) + amount
    this.store.write([
      [`redemption/${number}`, undefined],
      ['received', received],
    ])
  }

  #transferred(number: number): void {
    const open = this.store.get<OpenTransfer>(`transfer/${number}`)
    if (!open) return
    const paid = (this.store.get<bigint>('paid') ?? 0n) + open.amount
    this.store.write([
      [`transfer/${number}`, undefined],
      ['paid', paid],
    ])
  }

  #present(vendor: string, digest: Digest, payment: PresentedPayment): void {
    const ruling = this.store.get<KeptRuling>(`ruling/${digest}`)
    if (ruling) {
      this.#tell(vendor, digest, ruling)
      return
    }
    if (payment.details.vendor !== vendor || !isPaymentSigned(payment, digest)) return
    const context = {
      auditor: this.name,
      tokenValue: (named: Digest) => (named === bank ? tokenValue : undefined),
    }
    const reason = staticRefusal(payment, context)
    if (reason !== undefined) {
      const refused: KeptRuling = { answer: 'rejected', reason }
      this.store.write([[`ruling/${digest}`, refused]], () => this.#tell(vendor, digest, refused))
      return
    }
    const user = toHex(payment.holder)
    const taken: Taken = { payment, vendor, worth: worthOf(payment, context)! }
    const isNew = !this.#users.has(user)
    if (isNew) this.#users.set(user, createUserState({ number: 0, digest: zeroDigest }, this.#standing(user).blockSize))
    const first: Row[] = [[`vendor/${digest}`, vendor]]
    if (isNew) first.push([`user/${user}`, { last: { number: 0, digest: zeroDigest } }])
    this.#step(user, { type: 'present', digest, facts: factsOf(payment), payment: taken, now: this.now }, first)
  }

  #tell(vendor: string, digest: Digest, { answer, reason }: KeptRuling): void {
    this.send(vendor, { type: 'ruling', digest, answer, reason })
  }

  #step(user: string, event: UserEvent<Taken>, first: readonly Row[] = []): void {
    const { state, effects } = step(this.#users.get(user)!, event)
    this.#users.set(user, state)
    this.#perform(user, first, effects)
  }

  /** What was decided goes to the store in one write, and out only after that. */
  #perform(user: string, first: readonly Row[], effects: readonly Effect<Taken>[]): void {
    if (first.length + effects.length === 0) return
    this.store.atomically(() => {
      const { nextSequence } = this.#users.get(user)!
      this.store.write([...first, [`nextSequence/${user}`, nextSequence]])
      for (const effect of effects) {
        const { rows, done } = this.#changeOf(user, effect)
        this.store.write(rows, done)
      }
    })
  }

  #changeOf(user: string, effect: Effect<Taken>): { readonly rows: Row[]; readonly done?: () => void } {
    const { forgetsWaiting } = this.#options.switches
    switch (effect.type) {
      case 'keep':
        return { rows: forgetsWaiting ? [] : [[`open/${user}/${effect.payment.sequence}`, effect.payment]] }
      case 'drop':
        return { rows: [[`open/${user}/${effect.payment.sequence}`, undefined]] }
      case 'answer': {
        const { digest, answer } = effect
        const ruling: KeptRuling = { answer: answer.answer, reason: answer.reason ?? '' }
        const vendor = this.store.get<string>(`vendor/${digest}`)
        const done = (): void => {
          if (vendor !== undefined) this.#tell(vendor, digest, ruling)
        }
        return { rows: [[`ruling/${digest}`, ruling]], done }
      }
      case 'settle':
        return { rows: settleRows(this.store, effect.payment) }
      case 'submit': {
        const record = this.#recordOf(user, effect.block)
        const kept: KeptBlock = { record, sequences: effect.block.payments.map(({ sequence }) => sequence) }
        return {
          rows: [[`block/${user}/${effect.block.number}`, kept]],
          done: () => this.submit(record),
        }
      }
      case 'advance':
        return { rows: [[`user/${user}`, { last: effect.last }]] }
      case 'discard':
        return { rows: [[`block/${user}/${effect.block.number}`, undefined]] }
      case 'full':
        return { rows: [] }
    }
  }

  #recordOf(user: string, block: OpenBlock<Taken>): SignedRecord<TokenBlock> {
    const { number, previous, pending, payments } = block
    const { groups, transactions } = layOutTokens(payments.map(({ payment }) => payment.payment))
    const heading = { network: ledgerNetwork, signer: certificateOf(this.name).fingerprint, number, previous }
    return signRecordAs<TokenBlock>(this.name, {
      kind: 'tokenBlock',
      ...heading,
      user: bytesOfHex(user),
      pending,
      terms: number === 1 ? this.#terms : undefined,
      groups,
      transactions,
    })
  }

  protected takeBlock(block: AnsweredBlock, proof: CertifiedBlocks): void {
    this.store.atomically(() => {
      this.store.write([['tip', block.final]])
      for (const answer of block.answers) {
        const read = readAnswer(answer)
        const { kind, user, refusal, signer } = read.verdict
        if (isSessionKind(kind) && signer === certificateOf(this.name).fingerprint) this.#carried(kind, read)
        if (kind !== 'tokenBlock') continue
        if (user && refusal === undefined) this.#fold(user)
        if (signer === certificateOf(this.name).fingerprint) this.#decided(read, proof)
        else if (user) this.#noteTrust(toHex(user.key))
      }
    })
  }

  /** Whoever asked hears of a refusal; the ledger itself tells of what it took. */
  #carried(kind: Parameters<SessionCarrier['decided']>[0], read: ReadAnswer): void {
    const wish = this.#carrier.decided(kind, read)
    const code = read.verdict.refusal
    if (wish && code !== undefined)
      this.send(wish.asker, { type: 'refusedSession', session: wish.session, claim: wish.claim, code })
  }

  /** Trust over the user's blocks of all auditors, in the ledger's order. */
  #fold({ key, sequence, gammaBefore, gammaAfter }: UserStanding): void {
    const user = toHex(key)
    const before = this.#standing(user)
    if (sequence !== before.sequence + 1 || gammaBefore !== before.gamma)
      throw new Error(`the ledger certifies a history of ${user.slice(0, 8)} that does not follow from the one before`)
    const after: KeptStanding = { ...applyBlock(this.#terms, before, gammaAfter - gammaBefore), sequence }
    this.store.write([[`standing/${user}`, after]])
  }

  #noteTrust(user: string): void {
    if (!this.#users.has(user)) return
    this.#step(user, { type: 'trust', blockSize: this.#standing(user).blockSize, now: this.now })
  }

  #decided({ digest, verdict, transactions }: ReadAnswer, proof: CertifiedBlocks): void {
    const opened = [...this.#users].find(([user, { block }]) => {
      const kept = block && this.store.get<KeptBlock>(`block/${user}/${block.number}`)
      return kept?.record.digest === digest
    })
    if (!opened) return
    const [user, { block }] = opened
    if (verdict.refusal !== undefined) {
      this.#step(user, { type: 'refused', refusal: verdict.refusal, now: this.now })
      return
    }
    const judged = this.#options.switches.judgesItself ? transactions.map(takenForGood) : transactions
    this.#step(user, { type: 'decided', digest, transactions: judged, now: this.now })
    this.store.write(bookRows(this.store, user, block!, digest, judged, proof))
    this.#noteTrust(user)
  }

  /** Sends what is queued, of everybody; a refusal is tried again. */
  flush(): void {
    for (const [user, { queue, held, block }] of this.#users)
      if (queue.length + held.length > 0 || block) this.#step(user, { type: 'flush', now: this.now })
  }

  /** Nothing is open any more, as far as it depends on the ledger and the bank. */
  get isIdle(): boolean {
    const isBusy = [...this.#users.values()].some(
      ({ block, queue, held, refusal }) =>
        block !== undefined || (refusal === undefined && queue.length + held.length > 0),
    )
    return !isBusy && this.store.entries('transfer/').length + this.store.entries('redemption/').length === 0
  }

  /** Payments that no block has decided. */
  openPayments(): Taken[] {
    return this.store.entries<OpenPayment<Taken>>('open/').map(([, { payment }]) => payment)
  }
}

/** A verdict as if every token had been consumed. */
const takenForGood = (transaction: TransactionVerdict): TransactionVerdict => ({
  ...transaction,
  tokens: transaction.tokens.map(token => ({ ...token, verdict: '11', reason: 'valid', use: 'consumed' })),
})
