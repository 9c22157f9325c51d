// A simulated bank: the real bank's rules (publications B1 to B3, books A1 to A4, use of tokens U1 to U3, streams S1 to S3) on a virtual store, clock
// and post. It persists before it submits and before it answers; a crash loses what was not persisted.
import { depositEvent, issueEvent, redeemEvent, refundEvent, transferEvent } from '../../../cli/bank/accounts.ts'
import { checkReturn, type HolderShare, nextPublication } from '../../../cli/bank/rules.ts'
import { createTokenUse } from '../../../cli/bank/token-use.ts'
import {
  appendToStream,
  emptyStream,
  nextInStream,
  type OwnStream,
  settleInStream,
} from '../../../cli/common/stream.ts'
import type { Random } from '../../../consensus/simulator/random.ts'
import type { FinalBlock } from '../../../consensus/types.ts'
import { type LooseToken, layOutTokens } from '../../../node/ledger/form.ts'
import { MupibError } from '../../../proto/errors.ts'
import type { Digest } from '../../../proto/hash.ts'
import { createAmount } from '../../../proto/money.ts'
import type { Publication, Return, SignedRecord } from '../../../proto/records.ts'
import type { TokenVerdict } from '../../../proto/verdict.ts'
import { BooksDraft } from './bank-books.ts'
import { BankSessions, type SessionSwitches } from './bank-sessions.ts'
import { checkBrought, type LedgerAccess, type ReadAnswer, readAnswer } from './ledger-client.ts'
import { LedgerParty } from './ledger-party.ts'
import { certificateOf, keyOf, ledgerNetwork, tokenValue } from './parties.ts'
import type { AnsweredBlock, Letter, PartyWorld } from './party.ts'
import { PartyStore, type Row } from './party-store.ts'
import { signRecordAs } from './signing.ts'
import { hashOf, issueTokens } from './tokens.ts'

type StreamKind = 'publication' | 'return'

interface Order {
  readonly account: string
  readonly holder: Uint8Array
  readonly order: string
  readonly count: number
  /** 0 while it is in no publication. */
  readonly publication: number
  readonly isRefused: boolean
}

interface Issued {
  readonly record: SignedRecord<Publication>
  readonly shares: readonly (Order & HolderShare)[]
  readonly tokens: readonly LooseToken[]
}

/** Ways in which planted bugs make a simulated bank go wrong. */
export interface BankSwitches extends SessionSwitches {
  /** Pays for tokens without looking whether it did. */
  readonly redeemsTwice?: boolean
  /** Refunds tokens as they come back, whatever the ledger will say. */
  readonly refundsAtOnce?: boolean
  /** Submits a publication and hands it out while it is only in memory. */
  readonly isHasty?: boolean
}

export interface BankOptions {
  readonly diskMs: number
  /** From issue to payBy, and from there to expiry. */
  readonly payByMs: number
  readonly settlementMs: number
  readonly genesis: FinalBlock
  readonly switches: BankSwitches
}

/** How long orders are collected for a publication, in milliseconds. */
const collectMs = 20
const bank = certificateOf('bank')

const isTaken = ({ verdict, use }: TokenVerdict): boolean => verdict === '11' && use === 'consumed'

export class SimulatedBank extends LedgerParty {
  readonly store: PartyStore
  readonly sessions: BankSessions
  readonly #options: BankOptions
  #isMaking = false

  constructor(world: PartyWorld, random: Random, access: LedgerAccess, options: BankOptions) {
    super('bank', world, random, access)
    this.#options = options
    this.store = new PartyStore({
      random: random.fork(1),
      diskMs: () => options.diskMs + this.slownessMs,
      later: (ms, run) => this.later(ms, run),
    })
    this.sessions = new BankSessions({
      store: this.store,
      switches: options.switches,
      now: () => this.now,
      later: (ms, run) => this.later(ms, run),
      send: (to, letter) => this.send(to, letter),
      submit: record => this.submit(record),
      note: (kind, about) => world.note('bank', kind, about),
    })
  }

  /** Opens an account with what a party brings before anything begins, perhaps nothing. */
  open(account: string, amount: bigint): void {
    this.store.write([[`balance/${account}`, 0n]])
    if (amount === 0n) return
    const draft = new BooksDraft(this.store)
    draft.mustPost(depositEvent({ reference: account, time: this.now, amount: createAmount(amount) }, account))
    this.store.write(draft.rows())
  }

  protected wake(): void {
    this.connect()
    for (const kind of ['publication', 'return'] as const)
      for (const { number } of this.#stream(kind).open) this.submit(this.#recordOf(kind, number))
    this.#make()
    this.sessions.wake()
  }

  protected tip(): FinalBlock {
    return this.store.get<FinalBlock>('tip') ?? this.#options.genesis
  }

  protected override end(kind: 'power' | 'kill'): void {
    super.end(kind)
    this.#isMaking = false
    this.store.crash(kind)
  }

  /** Nothing of its own waits for the ledger. */
  get isIdle(): boolean {
    return this.#stream('publication').open.length + this.#stream('return').open.length === 0 && this.sessions.isIdle
  }

  /** It paid for the consumed tokens of this record. */
  hasRedeemed(record: Digest): boolean {
    return this.store.get(`redemption/${record}`) !== undefined
  }

  #stream(kind: StreamKind): OwnStream {
    return this.store.get<OwnStream>(`stream/${kind}`) ?? emptyStream
  }

  #recordOf(kind: StreamKind, number: number): SignedRecord {
    if (kind === 'return') return this.store.get<SignedRecord>(`return/${number}`)!
    return this.store.get<Issued>(`publication/${number}`)!.record
  }

  protected hear(from: string, letter: Letter): void {
    switch (letter.type) {
      case 'order':
        this.#takeOrder(from, letter.order, letter.count)
        break
      case 'redeem':
        this.#redeem(from, letter)
        break
      case 'transfer':
        this.#transfer(from, letter)
        break
      case 'giveBack':
        this.#takeBack(from, letter)
        break
      default:
        this.sessions.hear(from, letter)
        break
    }
  }

  #takeOrder(account: string, order: string, count: number): void {
    const name = `order/${account}/${order}`
    const known = this.store.get<Order>(name)
    if (known) {
      this.#handOut(known)
      return
    }
    const draft = new BooksDraft(this.store)
    const amount = createAmount(tokenValue * BigInt(count))
    const { outcome } = draft.post(issueEvent({ reference: order, time: this.now, amount }, account))
    if (outcome !== 'booked') return
    const holder = keyOf(account).publicKey
    const paid: Order = { account, holder, order, count, publication: 0, isRefused: false }
    this.store.write([...draft.rows(), [name, paid]], () => this.#make())
  }

  /** Puts orders without a publication into one, after a while in which more may come (B1, B2). */
  #make(): void {
    if (this.#isMaking) return
    this.#isMaking = true
    this.later(collectMs, () => {
      this.#isMaking = false
      const orders = this.store.entries<Order>('order/').map(([, order]) => order)
      const { taken } = nextPublication(orders.filter(({ publication, isRefused }) => publication === 0 && !isRefused))
      if (taken.length > 0) this.#publish(taken)
    })
  }

  #publish(shares: readonly (Order & HolderShare)[]): void {
    const { payByMs, settlementMs, switches } = this.#options
    const { number, previous } = nextInStream(this.#stream('publication'))
    const issuedAt = this.now
    const times = { issuedAt, payBy: issuedAt + payByMs, expiry: issuedAt + payByMs + settlementMs }
    const shared = { bank: bank.fingerprint, publication: number, value: tokenValue, ...times }
    const tokens = shares.flatMap(({ holder, start, count }) =>
      issueTokens({ ...shared, holder }, start, count, keyOf('bank')),
    )
    const hashes = new Uint8Array(Buffer.concat(tokens.map(hashOf)))
    const heading = { network: ledgerNetwork, signer: bank.fingerprint, number, previous }
    const content: Publication = { kind: 'publication', ...heading, value: tokenValue, ...times, hashes }
    const record = signRecordAs('bank', content)
    const issued: Issued = { record, shares, tokens }
    const rows: Row[] = [
      [`publication/${number}`, issued],
      [`use/${number}`, createTokenUse(tokens.length, { bank: bank.fingerprint, value: tokenValue, ...times })],
      ['stream/publication', appendToStream(this.#stream('publication'), record.digest)],
      ...shares.map((share): Row => [`order/${share.account}/${share.order}`, { ...share, publication: number }]),
    ]
    if (switches.isHasty) this.submit(record)
    this.store.write(rows, () => {
      this.submit(record)
      this.#make()
    })
  }

  /** Tokens go out with their finality only (B2). */
  #handOut({ account, order, publication, isRefused }: Order): void {
    if (isRefused) this.send(account, { type: 'issued', order, tokens: undefined })
    if (isRefused || publication === 0 || publication > this.#stream('publication').decided.number) return
    const { shares, tokens } = this.store.get<Issued>(`publication/${publication}`)!
    const share = shares.find(each => each.account === account && each.order === order)!
    const own = tokens.slice(share.start, share.start + share.count)
    this.send(account, { type: 'issued', order, tokens: own })
  }

  protected takeBlock(block: AnsweredBlock): void {
    this.store.write([['tip', block.final]])
    for (const answer of block.answers) {
      const read = readAnswer(answer)
      const { kind, signer } = read.verdict
      if (signer === bank.fingerprint && (kind === 'publication' || kind === 'return')) this.#decided(kind, read)
    }
    this.sessions.takeBlock(block)
  }

  #decided(kind: StreamKind, read: ReadAnswer): void {
    const own = this.#stream(kind)
    // what follows a refused record is void with it, and its refusal says nothing new
    if (own.open[0]?.digest !== read.digest) return
    const isRefused = read.verdict.refusal !== undefined
    const { stream, voided } = settleInStream(own, read.digest, isRefused)
    const rows: Row[] = [[`stream/${kind}`, stream]]
    if (isRefused)
      this.store.atomically(() => {
        this.store.write(rows)
        // each reads the books as the one before it has left them
        for (const { number } of voided) this.store.write(this.#voidRows(kind, number))
      })
    else if (kind === 'return') this.#refund(read, rows)
    else
      this.store.write(rows, () => {
        for (const { account, order } of this.store.get<Issued>(`publication/${read.verdict.number}`)!.shares)
          this.#handOut(this.store.get<Order>(`order/${account}/${order}`)!)
      })
  }

  /** The ledger refused it: money goes back, a holder may try again. */
  #voidRows(kind: StreamKind, number: number): Row[] {
    if (kind === 'return') {
      const { digest } = this.store.get<{ digest: Digest }>(`returnFrom/${number}`)!
      return [
        [`return/${number}`, undefined],
        [`returnOf/${digest}`, undefined],
      ]
    }
    const draft = new BooksDraft(this.store)
    const { shares } = this.store.get<Issued>(`publication/${number}`)!
    for (const { account, order, count } of shares) {
      const amount = createAmount(tokenValue * BigInt(count))
      draft.mustPost(refundEvent({ reference: `${account}/${order}`, time: this.now, amount }, account))
    }
    return [
      ...draft.rows(),
      [`publication/${number}`, undefined],
      [`use/${number}`, undefined],
      ...shares.map((share): Row => [`order/${share.account}/${share.order}`, { ...share, isRefused: true }]),
    ]
  }

  #redeem(auditor: string, { number, record, proof }: Extract<Letter, { type: 'redeem' }>): void {
    const known = this.store.get<bigint>(`redemption/${record}`)
    const isBlind = this.#options.switches.redeemsTwice === true
    if (known !== undefined && !isBlind) {
      this.send(auditor, { type: 'redeemed', number, amount: known })
      return
    }
    const answer = proof.blocks[0]?.answers.find(each => each.record === record)
    if (!answer || !checkBrought(proof, this.access.keyring)) return
    const { verdict, transactions } = readAnswer(answer)
    if (verdict.kind !== 'tokenBlock' || verdict.refusal !== undefined) return
    if (verdict.signer !== certificateOf(auditor).fingerprint) return
    const draft = new BooksDraft(this.store)
    let amount = 0n
    let repeats = 0
    for (const [publication, indices] of consumedOf(transactions.flatMap(({ tokens }) => tokens))) {
      if (draft.unusable(publication, indices) === undefined)
        amount += draft.useTokens(publication, indices, 'redeemed', { about: record, time: this.now })
      else if (isBlind) {
        amount += tokenValue * BigInt(indices.length)
        repeats += 1
      } else {
        this.world.note(this.name, 'contradiction', record)
        return
      }
    }
    const reference = repeats > 0 ? `${record} again at ${this.now}` : record
    if (amount > 0n) draft.mustPost(redeemEvent({ reference, time: this.now, amount: createAmount(amount) }, auditor))
    const rows = [...draft.rows(), [`redemption/${record}`, amount] as const]
    this.store.write(rows, () => this.send(auditor, { type: 'redeemed', number, amount }))
  }

  #transfer(auditor: string, { number, payload, payee, amount }: Extract<Letter, { type: 'transfer' }>): void {
    const draft = new BooksDraft(this.store)
    const occasion = { reference: payload, time: this.now, amount: createAmount(amount) }
    const { outcome } = draft.post(transferEvent(occasion, auditor, payee))
    if (outcome === 'repeated') this.send(auditor, { type: 'transferred', number })
    if (outcome === 'booked') this.store.write(draft.rows(), () => this.send(auditor, { type: 'transferred', number }))
  }

  #takeBack(account: string, { payment, digest }: Extract<Letter, { type: 'giveBack' }>): void {
    const known = this.store.get<number>(`returnOf/${digest}`)
    if (known !== undefined) {
      this.#tellTakenBack(account, digest)
      return
    }
    let checked: ReturnType<typeof checkReturn>
    try {
      checked = checkReturn(ledgerNetwork, bank.fingerprint, payment, group => group.bank === bank.fingerprint)
    } catch (error) {
      if (!(error instanceof MupibError)) throw error
      return
    }
    const { number, previous } = nextInStream(this.#stream('return'))
    const { groups, transactions } = layOutTokens([checked])
    const heading = { network: ledgerNetwork, signer: bank.fingerprint, number, previous }
    const record = signRecordAs<Return>('bank', {
      kind: 'return',
      ...heading,
      user: checked.holder,
      groups,
      payment: transactions[0]!,
    })
    const rows: Row[] = [
      [`return/${number}`, record],
      [`returnFrom/${number}`, { account, digest }],
      [`returnOf/${digest}`, number],
      ['stream/return', appendToStream(this.#stream('return'), record.digest)],
    ]
    if (this.#options.switches.refundsAtOnce) rows.push(...this.#refundRows(account, digest, payment.tokens))
    this.store.write(rows, () => this.submit(record))
  }

  /** Refunds what the ledger took back, in the write that keeps its word. */
  #refund(read: ReadAnswer, rows: readonly Row[]): void {
    const { account, digest } = this.store.get<{ account: string; digest: Digest }>(
      `returnFrom/${read.verdict.number}`,
    )!
    const taken = (read.transactions[0]?.tokens ?? []).filter(isTaken)
    const more = this.#options.switches.refundsAtOnce ? [] : this.#refundRows(account, digest, taken.map(placeOf))
    this.store.write([...rows, ...more, [`refunded/${digest}`, taken.length]], () =>
      this.#tellTakenBack(account, digest),
    )
  }

  #refundRows(account: string, digest: Digest, tokens: readonly Place[]): Row[] {
    const draft = new BooksDraft(this.store)
    let amount = 0n
    for (const { group, index } of tokens)
      if (draft.unusable(group.publication, [index]) === undefined)
        amount += draft.useTokens(group.publication, [index], 'returned', {
          about: `${digest} ${index}`,
          time: this.now,
        })
    if (amount > 0n)
      draft.mustPost(refundEvent({ reference: digest, time: this.now, amount: createAmount(amount) }, account))
    return draft.rows()
  }

  #tellTakenBack(account: string, digest: Digest): void {
    const refunded = this.store.get<number>(`refunded/${digest}`)
    if (refunded !== undefined) this.send(account, { type: 'takenBack', digest, refunded })
  }

  /** Books what is past its expiry as its own, at the end of a run. */
  expireDue(time: number): void {
    const draft = new BooksDraft(this.store)
    for (const [number] of this.store.entries<Issued>('publication/')) {
      const { expiry } = draft.useOf(Number(number))!
      if (Number(number) <= this.#stream('publication').decided.number && expiry < time)
        draft.expire(Number(number), time)
    }
    this.store.write(draft.rows())
  }
}

interface Place {
  readonly group: { readonly publication: number }
  readonly index: number
}

const placeOf = ({ publication, index }: TokenVerdict): Place => ({ group: { publication }, index })

/** Indices of consumed tokens of this bank, by publication. */
function consumedOf(tokens: readonly TokenVerdict[]): Map<number, number[]> {
  const consumed = new Map<number, number[]>()
  for (const token of tokens) {
    if (token.use !== 'consumed' || token.bank !== bank.fingerprint) continue
    const indices = consumed.get(token.publication) ?? []
    consumed.set(token.publication, [...indices, token.index])
  }
  return consumed
}
