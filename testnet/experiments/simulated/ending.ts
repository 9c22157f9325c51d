// How a simulated run stands at its end: what each node's store holds and answers, where every token is, and whether the books agree.

import { unitsText } from '../../../cli/auditor/risk.ts'
import type { VendorTotals } from '../../../cli/auditor/settlement.ts'
import { outstandingOf, type TokenUse } from '../../../cli/bank/token-use.ts'
import type { OwnStream } from '../../../cli/common/stream.ts'
import type { Events } from '../../../consensus/simulator/events.ts'
import { epoch } from '../../../consensus/simulator/shell-world.ts'
import type { LooseToken } from '../../../node/ledger/form.ts'
import { tokenHistory } from '../../../node/ledger/queries.ts'
import { type Digest, sha256Hex } from '../../../proto/hash.ts'
import type { MoneySeen } from '../history.ts'
import type { SimulatedAuditor } from './auditor.ts'
import { type KeptBooks, type OpenRedemption, type OpenTransfer, withholdingBp } from './auditor-money.ts'
import type { SimulatedBank } from './bank.ts'
import { entriesOf } from './bank-books.ts'
import type { LedgerState } from './ledger-state.ts'
import { tokenValue } from './parties.ts'
import type { PartyStore } from './party-store.ts'
import { answerDigest, nodeName, type Recorder } from './recorder.ts'
import { tellSessions } from './session-ending.ts'
import type { Sessions } from './sessions.ts'
import type { Market, User } from './shop.ts'
import { hashOf, serialOf } from './tokens.ts'
import type { Validators } from './validators.ts'

export interface EndingOptions {
  readonly events: Events
  readonly recorder: Recorder
  readonly validators: Validators
  readonly bank: SimulatedBank
  readonly auditors: readonly SimulatedAuditor[]
  readonly users: readonly User[]
  readonly market: Market
  readonly bestState: () => LedgerState
  readonly sessions: Sessions | undefined
}

type Book = MoneySeen['books'][number]

export class Ending {
  readonly #options: EndingOptions
  #closedAt = 0

  constructor(options: EndingOptions) {
    this.#options = options
  }

  /** The time as of which the books are closed: tokens that expire later have not. Milliseconds since 1970. */
  close(): number {
    this.#closedAt = epoch + this.#options.events.now
    return this.#closedAt
  }

  /** Nothing is under way between the parties. */
  get isSettled(): boolean {
    const { bank, auditors, users, market, sessions } = this.#options
    const isDecided = [...market.purchases.values()].every(({ outcome }) => outcome !== undefined)
    return isDecided && [bank, ...auditors, ...users, ...(sessions?.parties ?? [])].every(({ isIdle }) => isIdle)
  }

  tell(): void {
    const { recorder, validators, market, bank, sessions } = this.#options
    for (const purchase of market.purchases.values()) if (!purchase.outcome) market.closed(purchase)
    recorder.see({ type: 'money', money: this.#money() })
    this.#insurance()
    if (sessions) tellSessions(bank, sessions)
    for (const { index } of validators.nodes) if (validators.isHonest(index)) this.#store(index)
  }

  #store(index: number): void {
    const { recorder, validators } = this.#options
    const state = validators.stateOf(index)
    const answers = new Map<Digest, Digest>()
    const parts: string[] = [state.contentDigest()]
    for (let result = state.result; result; result = result.before) {
      parts.push(result.digest)
      for (const answer of result.executed.answers) {
        const said = answerDigest(answer)
        answers.set(answer.record, said)
        parts.push(said)
      }
    }
    const node = nodeName(index)
    const content = sha256Hex(Buffer.from(parts.join(' ')))
    recorder.see({ type: 'store', node, height: state.height, stateRoot: state.root, content, check: 'sound' })
    for (const record of recorder.acknowledgedRecords)
      recorder.see({ type: 'read', node, record, answer: answers.get(record) })
  }

  /** True of a token that the bank published as it is, that nobody consumed, and that can still be spent. */
  #isLive(token: LooseToken): boolean {
    const { group, index } = token
    if (group.expiry < this.#closedAt) return false
    const known = tokenHistory(this.#options.bestState(), group.bank, group.publication, index)
    return known !== undefined && known.consumed === undefined && Buffer.compare(known.hash, hashOf(token)) === 0
  }

  #money(): MoneySeen {
    const { bank, auditors, users } = this.#options
    const decided = bank.store.get<OwnStream>('stream/publication')?.decided.number ?? 0
    const uses = bank.store
      .entries<TokenUse>('use/')
      .filter(([number]) => Number(number) <= decided)
      .map(([, { counts }]) => counts)
    const sum = (of: (counts: TokenUse['counts']) => number): number => uses.reduce((all, each) => all + of(each), 0)
    const queued = new Set<string>()
    for (const auditor of auditors)
      for (const { payment } of auditor.openPayments())
        for (const token of payment.tokens) if (this.#isLive(token)) queued.add(serialOf(token))
    const held = users.flatMap(user => user.heldTokens()).filter(token => token.group.expiry >= this.#closedAt)
    return {
      issued: sum(({ issued }) => issued),
      held: held.filter(token => !queued.has(serialOf(token))).length,
      queued: queued.size,
      consumedUnredeemed: auditors.reduce((all, { store }) => all + this.#openTokens(store), 0),
      redeemed: sum(({ redeemed }) => redeemed),
      takenBack: sum(({ returned }) => returned),
      expiredUnspent: sum(({ expired }) => expired),
      books: [...this.#bankBooks(), ...this.#auditorBooks(), ...(this.isSettled ? this.#vendorBooks() : [])],
    }
  }

  /** Tokens of decided blocks that the bank has not paid for. */
  #openTokens(store: PartyStore): number {
    return store
      .entries<OpenRedemption>('redemption/')
      .reduce((all, [, { record, tokens }]) => (this.#options.bank.hasRedeemed(record) ? all : all + tokens), 0)
  }

  #bankBooks(): Book[] {
    const { store } = this.#options.bank
    const balances = store.entries<bigint>('balance/')
    const owed = balances.reduce((all, [name, balance]) => (name === 'cash' ? all : all + balance), 0n)
    const outstanding = store
      .entries<TokenUse>('use/')
      .reduce((all, [, { value, counts }]) => all + value * BigInt(outstandingOf(counts)), 0n)
    const openOrders = store
      .entries<{ publication: number; isRefused: boolean; count: number }>('order/')
      .filter(([, { publication, isRefused }]) => publication === 0 && !isRefused)
      .reduce((all, [, { count }]) => all + tokenValue * BigInt(count), 0n)
    return [
      book('bank: all that is owed, and cash', owed, -(store.get<bigint>('balance/cash') ?? 0n)),
      book(
        'bank: what it owes for tokens, and tokens outstanding',
        store.get<bigint>('balance/tokens') ?? 0n,
        outstanding + openOrders,
      ),
    ]
  }

  /** What an auditor has sent and the bank has not booked yet is left out. */
  #auditorBooks(): Book[] {
    const { bank, auditors } = this.#options
    return auditors.flatMap(({ name, store }) => {
      const transfers = entriesOf(bank.store, 'transfer').filter(({ scope }) => scope === name)
      const paidFor = new Set(transfers.map(({ reference }) => reference))
      const due = store.entries<VendorTotals>('totals/').reduce((all, [, { paid }]) => all + paid, 0n)
      const unpaid = store
        .entries<OpenTransfer>('transfer/')
        .reduce((all, [, { payload, amount }]) => (paidFor.has(payload) ? all : all + amount), 0n)
      const booked = transfers.reduce((all, { postings }) => all + gainOf(postings, -1n, name), 0n)
      const unclaimed = store
        .entries<OpenRedemption>('redemption/')
        .reduce((all, [, { record, amount }]) => (bank.hasRedeemed(record) ? all : all + amount), 0n)
      const redeemed = entriesOf(bank.store, 'redeem').reduce(
        (all, { postings }) => all + gainOf(postings, 1n, name),
        0n,
      )
      const claimed = store.get<bigint>('claimed') ?? 0n
      return [
        book(`${name}: transfers that it owes, and what the bank paid for it`, due - unpaid, booked),
        book(`${name}: what it claimed for blocks, and what the bank paid it`, claimed - unclaimed, redeemed),
      ]
    })
  }

  /** What each vendor delivered for, less what is withheld, and what it has. */
  #vendorBooks(): Book[] {
    const { bank, market } = this.#options
    return market.vendors.map(vendor => {
      const due = new Map<string, bigint>()
      for (const { vendor: by, outcome, payment } of market.purchases.values()) {
        if (by !== vendor || outcome !== 'delivered') continue
        const { auditor, price } = payment.details
        due.set(auditor, (due.get(auditor) ?? 0n) + price * BigInt(10_000 - withholdingBp))
      }
      const paid = [...due.values()].reduce((all, each) => all + each / 10_000n, 0n)
      return book(
        `${vendor}: what it delivered for, and what it was paid`,
        paid,
        bank.store.get<bigint>(`balance/${vendor}`) ?? 0n,
      )
    })
  }

  #insurance(): void {
    for (const { name, store } of this.#options.auditors) {
      const books = store.entries<KeptBooks>('books/').map(([, each]) => each)
      const risk = books.reduce((all, each) => all + each.risk, 0n)
      const loss = books.reduce((all, each) => all + each.grossLoss, 0n)
      this.#options.recorder.see({
        type: 'insurance',
        auditor: name,
        loss: unitsText(loss),
        withheld: unitsText(loss - risk),
        deficit: unitsText(risk > 0n ? risk : 0n),
      })
    }
  }
}

const book = (name: string, left: bigint, right: bigint): Book => ({
  name,
  left: left.toString(),
  right: right.toString(),
})

/** What an entry moves to an account, or (with -1) from it. */
function gainOf(postings: readonly { account: string; amount: bigint }[], sign: bigint, account: string): bigint {
  const posting = postings.find(each => each.account === account)
  return posting ? sign * posting.amount : 0n
}
