// Tokens for an account's money. An order is persisted with its debit, then put into a publication with others that wait; whatever stops in
// between, the same order leads to the same tokens, once.
import type { LooseToken } from '../../node/ledger/form.ts'
import type { WriteOp } from '../../node/store/database.ts'
import { bytesEqual, bytesOfHex, toHex } from '../../proto/bytes.ts'
import { MupibError } from '../../proto/errors.ts'
import { signatureBytes } from '../../proto/keys.ts'
import { limits } from '../../proto/limits.ts'
import { createAmount } from '../../proto/money.ts'
import { type Publication, signRecord } from '../../proto/records.ts'
import { groupDigest, signToken, type TokenGroup, TokenHasher } from '../../proto/token.ts'
import type { Refusal } from '../../proto/verdict.ts'
import { stoppedError } from '../common/turn.ts'
import { issueEvent, refundEvent } from './accounts.ts'
import type { Desk } from './desk.ts'
import { fundsError, noAccountError } from './errors.ts'
import type { IssuePolicy } from './policy.ts'
import { checkOrder, type HolderShare, nextPublication, type TokenOrder } from './rules.ts'
import type { BankRecords, Issued, PaidOrder } from './store.ts'
import { createTokenUse } from './token-use.ts'

/** Tokens signed between two turns of the event loop. */
const signedAtOnce = 256

type Waiter = PaidOrder & { readonly resolve: () => void; readonly reject: (error: unknown) => void }

export class Issuing {
  readonly #desk: Desk
  readonly #records: BankRecords
  readonly #policy: IssuePolicy
  /** What each token is worth, in minor units. */
  readonly #value: bigint
  readonly #making = new Map<string, Promise<void>>()
  #orders: readonly Waiter[] = []
  #isIssuing = false

  constructor(desk: Desk, records: BankRecords, policy: IssuePolicy, value: bigint) {
    this.#desk = desk
    this.#records = records
    this.#policy = policy
    this.#value = value
  }

  /** Puts orders that a stop left without a publication into one; with `recover` nobody knows whether a lost store did that already. */
  async resume(recover: boolean): Promise<void> {
    const { tokens, log } = this.#desk
    const open = await tokens.openOrders()
    if (!recover) await Promise.all(open.map(order => this.#make(order)))
    else {
      await this.#desk.write(open.flatMap(order => tokens.putOrder({ ...order, refusal: 'store_behind' })))
      for (const { holder, order, amount } of open)
        log({ kind: 'order_unsettled', account: toHex(holder), order, amount })
    }
  }

  /**
   * Debits the holder's account and issues the tokens; resolves with the number of their publication once both are persisted. The same
   * order again changes nothing. Throws `bad_input`, `too_large`, `no_account`, `insufficient_funds`, `conflict`, and what the policy says.
   */
  async issue(order: TokenOrder): Promise<number> {
    checkOrder(order)
    const account = toHex(order.holder)
    if (!this.#desk.tokens.order(account, order.order)) {
      if (!this.#desk.accounts.account(account)) throw noAccountError(account)
      const refusal = await this.#policy.refusalOf(account)
      if (refusal) throw refusal
    }
    const paid = await this.#desk.books.run(() => this.#pay(order))
    if (paid.publication === 0) await this.#make(paid)
    return this.checkRefused(order.holder, order.order).publication
  }

  /** An order as it stands. Throws the ledger's refusal where its tokens were not let be. */
  checkRefused(holder: Uint8Array, order: string): PaidOrder {
    const paid = this.#desk.tokens.order(toHex(holder), order)!
    if (paid.refusal === undefined) return paid
    const hint =
      paid.refusal === 'store_behind' ? 'ask the operator of the bank' : 'the money went back: try another order'
    throw new MupibError(paid.refusal, `order ${order} was refused: ${paid.refusal}`, { hint })
  }

  async #pay(order: TokenOrder): Promise<PaidOrder> {
    const account = toHex(order.holder)
    const known = this.#desk.tokens.order(account, order.order)
    if (known) {
      if (known.count !== order.count)
        throw new MupibError('conflict', `order ${order.order} was for ${known.count} tokens`, { field: 'count' })
      return this.checkRefused(order.holder, order.order)
    }
    const draft = this.#desk.draft()
    const amount = this.#value * BigInt(order.count)
    if (amount > limits.amount) throw fundsError(draft.balanceOf(account), amount)
    const time = Date.now()
    const posted = draft.post(issueEvent({ reference: order.order, time, amount: createAmount(amount) }, account))
    if (posted.outcome === 'no_account') throw noAccountError(account)
    if (!('entry' in posted)) throw fundsError(posted.balance, amount)
    const paid = { ...order, amount, entry: posted.entry.number, publication: 0, refusal: undefined }
    await this.#desk.write([...draft.operations, ...this.#desk.tokens.putOrder(paid)])
    return paid
  }

  /** Orders that come while a publication is made share the next one. */
  #make(order: PaidOrder): Promise<void> {
    const name = `${toHex(order.holder)}/${order.order}`
    const known = this.#making.get(name)
    if (known !== undefined) return known
    const made = new Promise<void>((resolve, reject) => {
      this.#orders = [...this.#orders, { ...order, resolve, reject }]
    })
    this.#making.set(name, made)
    const forget = (): void => void this.#making.delete(name)
    made.then(forget, forget)
    void this.#makeWaiting()
    return made
  }

  async #makeWaiting(): Promise<void> {
    if (this.#isIssuing) return
    this.#isIssuing = true
    try {
      while (this.#orders.length > 0) {
        const { taken, rest } = nextPublication(this.#orders)
        this.#orders = rest
        try {
          await this.#desk.streams.run(() => this.#makePublication(taken))
          for (const { resolve } of taken) resolve()
        } catch (error) {
          for (const { reject } of taken) reject(error)
        }
      }
    } finally {
      this.#isIssuing = false
    }
  }

  async #makePublication(waiting: readonly PaidOrder[]): Promise<void> {
    const { tokens: store, home, log } = this.#desk
    // one that was asked for again while it was made is in a publication already
    const open = waiting.filter(({ holder, order }) => store.order(toHex(holder), order)!.publication === 0)
    if (open.length === 0) return
    const { taken: shares, tokens } = nextPublication(open)
    const { number, previous } = this.#records.next('publication')
    const { payByMs, settlementMs } = home.own.lifetime
    const issuedAt = Date.now()
    const times = { issuedAt, payBy: issuedAt + payByMs, expiry: issuedAt + payByMs + settlementMs }
    const shared = { bank: home.fingerprint, publication: number, value: this.#value, ...times }
    const { hashes, signatures } = await this.#sign(shared, shares, tokens)
    const heading = { network: home.network, signer: home.fingerprint, number, previous }
    const content: Publication = { kind: 'publication', ...heading, value: this.#value, ...times, hashes }
    const record = signRecord(content, home.key)
    await this.#desk.write([
      store.putPublication({ record, shares, signatures }),
      store.putTokenUse(number, createTokenUse(tokens, { bank: home.fingerprint, value: this.#value, ...times })),
      store.putExpiring(times.expiry, number),
      ...shares.flatMap(share => store.putOrder({ ...share, publication: number })),
    ])
    this.#records.append('publication', record)
    log({ kind: 'issued', publication: number, tokens })
  }

  async #sign(
    shared: Omit<TokenGroup, 'holder'>,
    shares: readonly HolderShare[],
    tokens: number,
  ): Promise<{ hashes: Buffer; signatures: Buffer }> {
    const { home, streams } = this.#desk
    const hashes = Buffer.alloc(tokens * 32)
    const signatures = Buffer.alloc(tokens * signatureBytes)
    for (const { holder, start, count } of shares) {
      const digest = groupDigest(bytesOfHex(home.network), { ...shared, holder })
      // a hasher of its own: others work on tokens in between
      const hasher = new TokenHasher()
      hasher.group(digest)
      for (let index = start; index < start + count; index++) {
        const signature = signToken(digest, index, home.key)
        signatures.set(signature, index * signatureBytes)
        hashes.set(hasher.hash(index, signature), index * 32)
        if (index % signedAtOnce !== signedAtOnce - 1) continue
        await new Promise(resolve => setImmediate(resolve))
        if (streams.isClosed) throw stoppedError()
      }
    }
    return { hashes, signatures }
  }

  /** The ledger refused publications: their tokens never will be, and the money goes back. */
  async refund(numbers: readonly number[], refusal: Refusal, operations: readonly WriteOp[]): Promise<void> {
    await this.#desk.books.run(async () => {
      const { tokens } = this.#desk
      const draft = this.#desk.draft()
      const time = Date.now()
      for (const number of numbers) {
        const issued = tokens.publication(number)!
        draft.add(tokens.dropTokenUse(number), tokens.dropExpiring(issued.record.record.expiry, number))
        for (const share of issued.shares) {
          const account = toHex(share.holder)
          const paid = tokens.order(account, share.order)!
          draft.mustPost(
            refundEvent({ reference: `${account}/${share.order}`, time, amount: createAmount(paid.amount) }, account),
          )
          draft.add(...tokens.putOrder({ ...paid, refusal }))
        }
      }
      await this.#desk.write([...operations, ...draft.operations])
    })
  }
}

/** Tokens of a publication: all, or a holder's, or those of one order. */
export function tokensOf(
  { record, shares, signatures }: Issued,
  of: { readonly holder?: Uint8Array | undefined; readonly order?: string | undefined },
): LooseToken[] {
  const { signer: bank, number: publication, value, issuedAt, payBy, expiry } = record.record
  return shares
    .filter(share => of.holder === undefined || bytesEqual(share.holder, of.holder))
    .filter(share => of.order === undefined || share.order === of.order)
    .flatMap(share => {
      const group: TokenGroup = { bank, publication, value, issuedAt, payBy, expiry, holder: share.holder }
      return Array.from({ length: share.count }, (_, i) => {
        const index = share.start + i
        return { group, index, signature: signatures.slice(index * signatureBytes, (index + 1) * signatureBytes) }
      })
    })
}
