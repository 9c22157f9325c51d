// Money by decisions: what a settled payment has its vendor paid (message 4 of the first paper's figure 1), and what a decided block has the
// banks owe (message 10), with the block's books.
import { toHex } from '../../proto/bytes.ts'
import type { Digest } from '../../proto/hash.ts'
import { signStatement } from '../../proto/statements.ts'
import type { TransactionVerdict } from '../../proto/verdict.ts'
import type { Change, Desk } from './desk.ts'
import type { OpenRedemption, Settlement, VendorShare } from './money-store.ts'
import { blockRisk } from './risk.ts'
import type { OpenBlock, OpenPayment } from './rules.ts'
import { blockBooks, type DecidedPayment, emptyTotals, settlePayment, type VendorTotals } from './settlement.ts'
import type { TakenPayment } from './store.ts'
import type { KnownBank } from './trust-store.ts'

/** Where what is to be sent to banks goes once it is on disk. */
export interface Sender {
  addTransfer(number: number, settlement: Settlement): void
  addRedemption(number: number, redemption: OpenRedemption): void
}

/** What decides a block's books. */
interface DecidedBlock {
  readonly user: string
  readonly block: OpenBlock<TakenPayment>
  readonly record: Digest
  readonly height: number
  readonly transactions: readonly TransactionVerdict[]
}

export class Settling {
  readonly #desk: Desk
  readonly #bankOf: (fingerprint: Digest) => KnownBank | undefined
  readonly #sender: Sender
  readonly #totals: Map<string, VendorTotals>
  /** Of payments that no block has decided: newer than the store. */
  readonly #recent = new Map<Digest, Settlement>()
  #lastTransfer: number
  #lastRedemption: number

  /** `last` are the numbers that were given out last. */
  constructor(
    desk: Desk,
    bankOf: (fingerprint: Digest) => KnownBank | undefined,
    sender: Sender,
    totals: Map<string, VendorTotals>,
    last: { readonly transfer: number; readonly redemption: number },
  ) {
    this.#desk = desk
    this.#bankOf = bankOf
    this.#sender = sender
    this.#totals = totals
    this.#lastTransfer = last.transfer
    this.#lastRedemption = last.redemption
  }

  /** A payment is its vendor's due. */
  settle({ digest, payment: taken }: OpenPayment<TakenPayment>): Change {
    const { home, money } = this.#desk
    const { vendor, worth, payment } = taken
    const key = toHex(vendor)
    const { withholdingBp, bank } = home.own
    const { totals, transfer: amount } = settlePayment(this.#totals.get(key) ?? emptyTotals, worth, withholdingBp)
    this.#totals.set(key, totals)
    const time = Date.now()
    const heading = { network: home.network, signer: home.fingerprint, payload: digest, time }
    const transfer =
      amount > 0n ? signStatement({ kind: 'transfer', ...heading, bank, payee: vendor, amount }, home.key) : undefined
    const settlement: Settlement = {
      payload: digest,
      user: toHex(payment.holder),
      vendor: key,
      vendorName: payment.details.vendor,
      worth,
      withholdingBp,
      time,
      transfer,
    }
    this.#recent.set(digest, settlement)
    const operations = [money.putSettlement(settlement), money.putVendorTotals(key, totals)]
    if (!transfer) return { operations }
    this.#lastTransfer += 1
    const number = this.#lastTransfer
    operations.push(money.putOpenTransfer(number, digest))
    return { operations, done: () => this.#sender.addTransfer(number, settlement) }
  }

  /** Books a decided block, its settled payments being settled already. */
  book({ user, block, record, height, transactions }: DecidedBlock): Change {
    const { money } = this.#desk
    const settled = block.payments.flatMap(({ digest }, at) => {
      const settlement = this.#recent.get(digest) ?? money.settlement(digest)
      this.#recent.delete(digest)
      return settlement ? [{ settlement, verdict: transactions[at]! }] : []
    })
    const decided = settled.map(({ settlement, verdict }) => this.#decidedPayment(settlement, verdict))
    const risks = settled.flatMap(({ settlement, verdict }) => this.#risksOf(settlement, verdict))
    const sum = (of: (each: (typeof risks)[number]) => bigint): bigint =>
      risks.reduce((all, each) => all + of(each), 0n)
    const books = {
      record,
      height,
      payments: block.payments.length,
      settled: settled.length,
      tokens: block.tokens,
      invalid: transactions.flatMap(({ tokens }) => tokens).filter(({ verdict }) => verdict !== '11').length,
      ...blockBooks(decided),
      risk: sum(({ risk }) => risk),
      grossLoss: sum(({ grossLoss }) => grossLoss),
      vendors: sharesOf(settled.map(({ settlement }) => settlement)),
    }
    const due = this.#redemptionsOf(user, block.number, transactions)
    return {
      operations: [
        money.putBlockBooks(user, block.number, books),
        ...due.map(([number, redemption]) => money.putOpenRedemption(number, redemption)),
      ],
      done: () => {
        for (const [number, redemption] of due) this.#sender.addRedemption(number, redemption)
      },
    }
  }

  #decidedPayment({ worth, transfer }: Settlement, { tokens }: TransactionVerdict): DecidedPayment {
    let consumed = 0n
    for (const { bank, use } of tokens) if (use === 'consumed') consumed += this.#bankOf(bank)?.tokenValue ?? 0n
    return { worth, consumed, transfer: transfer?.statement.amount ?? 0n }
  }

  #risksOf({ withholdingBp }: Settlement, { tokens }: TransactionVerdict) {
    const banks = [...new Set(tokens.map(({ bank }) => bank))]
    return banks.map(bank => {
      const own = tokens.filter(token => token.bank === bank)
      const invalid = own.filter(({ use }) => use !== 'consumed').length
      const tokenValue = this.#bankOf(bank)?.tokenValue ?? 0n
      return blockRisk([{ tokens: own.length, invalid }], { tokenValue, withholdingBp })
    })
  }

  #redemptionsOf(
    user: string,
    number: number,
    transactions: readonly TransactionVerdict[],
  ): (readonly [number, OpenRedemption])[] {
    const amounts = new Map<string, bigint>()
    for (const { tokens } of transactions)
      for (const { bank, use } of tokens) {
        const known = use === 'consumed' ? this.#bankOf(bank) : undefined
        if (known) amounts.set(known.name, (amounts.get(known.name) ?? 0n) + known.tokenValue)
      }
    return [...amounts].map(([bank, amount]) => {
      this.#lastRedemption += 1
      return [this.#lastRedemption, { user, number, bank, amount }] as const
    })
  }
}

function sharesOf(settlements: readonly Settlement[]): VendorShare[] {
  const shares = new Map<string, VendorShare>()
  for (const { vendor, vendorName, transfer } of settlements) {
    const { payments, paid } = shares.get(vendor) ?? { payments: 0, paid: 0n }
    const amount = transfer?.statement.amount ?? 0n
    shares.set(vendor, { vendor, name: vendorName, payments: payments + 1, paid: paid + amount })
  }
  return [...shares.values()]
}
