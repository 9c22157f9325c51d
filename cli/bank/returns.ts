// Unspent tokens that come back: put on the ledger as a return, and refunded on a certified 11 that consumed them, in the write that keeps
// the ledger's answer.
import { layOutTokens } from '../../node/ledger/form.ts'
import type { WriteOp } from '../../node/store/database.ts'
import { toHex } from '../../proto/bytes.ts'
import { MupibError } from '../../proto/errors.ts'
import type { Digest } from '../../proto/hash.ts'
import { createAmount } from '../../proto/money.ts'
import { signRecord } from '../../proto/records.ts'
import { decodeTransactionVerdict, type TokenVerdict } from '../../proto/verdict.ts'
import type { KeptAnswer } from '../common/own-record-store.ts'
import { type HolderPayment, paymentDigest } from '../common/payment.ts'
import { refundEvent } from './accounts.ts'
import type { Desk } from './desk.ts'
import { noAccountError } from './errors.ts'
import { checkReturn } from './rules.ts'
import type { BankRecords } from './store.ts'

/** A return that the ledger has decided. */
export interface Returned {
  readonly number: number
  /** Digest of the payment with which the holder gave the tokens back. */
  readonly payload: Digest
  /** Digest of the record. */
  readonly record: Digest
  readonly tokens: readonly TokenVerdict[]
  /** How many the ledger took back. */
  readonly refunded: number
  readonly holder: Uint8Array
}

/** What the ledger took back. */
const isTaken = ({ verdict, use }: TokenVerdict): boolean => verdict === '11' && use === 'consumed'

export class Returns {
  readonly #desk: Desk
  readonly #records: BankRecords

  constructor(desk: Desk, records: BankRecords) {
    this.#desk = desk
    this.#records = records
  }

  /**
   * Takes tokens back; resolves with the certified verdict on each. The same payment again gets the same answer. Throws `bad_input`,
   * `holder_mismatch`, `bad_signature`, `no_account`, and the ledger's refusal.
   */
  async takeBack(given: Omit<HolderPayment, 'information'>): Promise<Returned> {
    const { home, tokens, records } = this.#desk
    const payment = checkReturn(home.network, home.fingerprint, given, ({ bank, publication }) =>
      this.#isOwn(bank, publication),
    )
    const { holder } = payment
    if (!this.#desk.accounts.account(toHex(holder))) throw noAccountError(toHex(holder))
    const payload = paymentDigest(home.network, payment)
    // one return at a time: the next one names its digest, and a refused one is given its number anew
    const { number, decided } = await this.#desk.streams.run(async () => {
      const known = tokens.returnOf(payload)
      const number = known ?? (await this.#make(payment, payload))
      const kept = records.answer('return', number)
      return { number, decided: kept ? Promise.resolve(kept) : this.#records.submit('return', number) }
    })
    const { digest, answer } = await decided
    const verdicts = verdictsOf(answer.transactionLeaves)
    return { number, payload, record: digest, tokens: verdicts, refunded: verdicts.filter(isTaken).length, holder }
  }

  #isOwn(bank: Digest, publication: number): boolean {
    return bank === this.#desk.home.fingerprint || this.#desk.tokens.tokenUse(publication)?.bank === bank
  }

  async #make(payment: HolderPayment & { readonly holder: Uint8Array }, payload: Digest): Promise<number> {
    const { home, tokens, records } = this.#desk
    const { number, previous } = this.#records.next('return')
    const { groups, transactions } = layOutTokens([payment])
    const heading = { network: home.network, signer: home.fingerprint, number, previous }
    const record = signRecord(
      { kind: 'return', ...heading, user: payment.holder, groups, payment: transactions[0]! },
      home.key,
    )
    await this.#desk.write([records.putRecord(record), tokens.putReturnOf(payload, number)])
    this.#records.append('return', record)
    return number
  }

  /** Refunds what the ledger took back. */
  async refund(number: number, { digest, answer }: KeptAnswer, operations: readonly WriteOp[]): Promise<void> {
    await this.#desk.books.run(async () => {
      const { records, log } = this.#desk
      const { record } = records.record('return', number)!
      const holder = toHex(record.user)
      const draft = this.#desk.draft()
      const time = Date.now()
      let amount = 0n
      for (const { publication, index } of verdictsOf(answer.transactionLeaves).filter(isTaken)) {
        // both are certified, so more validators lie than the ledger bears: the money stays
        if (draft.unusable(publication, [index]) !== undefined)
          log({ kind: 'contradiction', record: digest, publication, index, what: 'returned and used before' })
        else amount += draft.useTokens(publication, [index], 'returned', { about: `${digest} ${index}`, time })
      }
      if (amount > 0n) {
        const [leaf] = answer.transactionLeaves
        const reference = decodeTransactionVerdict(leaf!).payload
        draft.mustPost(refundEvent({ reference, time, amount: createAmount(amount) }, holder))
      }
      await this.#desk.write([...operations, ...draft.operations])
    })
  }

  /** The ledger refused returns: nothing came back, and the holder may try again. */
  async forget(numbers: readonly number[], operations: readonly WriteOp[]): Promise<void> {
    const { tokens, records, home } = this.#desk
    const dropped = numbers.map(number => {
      const { groups, payment } = records.record('return', number)!.record
      const loose = payment.tokens.map(token => ({ ...token, group: groups[token.group]! }))
      return tokens.dropReturnOf(paymentDigest(home.network, { ...payment, tokens: loose }))
    })
    await this.#desk.write([...operations, ...dropped])
  }
}

function verdictsOf(leaves: readonly Uint8Array[]): readonly TokenVerdict[] {
  const [leaf] = leaves
  if (!leaf) throw new MupibError('bug', 'a decided return without a verdict')
  return decodeTransactionVerdict(leaf).tokens
}
