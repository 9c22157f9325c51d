// The money of a simulated auditor: what vendors are due (message 4), what the bank owes for decided blocks (message 10), and the blocks' books, by
// the auditor's own rules.
import { type BlockRisk, blockRisk } from '../../../cli/auditor/risk.ts'
import type { OpenBlock, OpenPayment } from '../../../cli/auditor/rules.ts'
import {
  type BlockBooks,
  blockBooks,
  emptyTotals,
  settlePayment,
  type VendorTotals,
} from '../../../cli/auditor/settlement.ts'
import type { PresentedPayment } from '../../../cli/common/payment.ts'
import type { Digest } from '../../../proto/hash.ts'
import type { TransactionVerdict } from '../../../proto/verdict.ts'
import { tokenValue } from './parties.ts'
import type { CertifiedBlocks } from './party.ts'
import type { PartyStore, Row } from './party-store.ts'

/** A payment that an auditor took. */
export interface Taken {
  readonly payment: PresentedPayment
  readonly vendor: string
  readonly worth: bigint
}

export interface Settlement {
  readonly payload: Digest
  readonly vendor: string
  readonly worth: bigint
  /** Minor units; 0 where the running total gives nothing whole. */
  readonly transfer: bigint
}

export interface OpenTransfer {
  readonly payload: Digest
  readonly payee: string
  readonly amount: bigint
}

export interface OpenRedemption {
  readonly record: Digest
  readonly tokens: number
  readonly amount: bigint
  readonly proof: CertifiedBlocks
}

export interface KeptBooks extends BlockBooks, BlockRisk {}

/** ρ in basis points. */
export const withholdingBp = 100

const numberName = (prefix: string, number: number): string => `${prefix}/${number}`

function nextNumber(store: PartyStore, counter: string): { readonly number: number; readonly row: Row } {
  const number = (store.get<number>(counter) ?? 0) + 1
  return { number, row: [counter, number] }
}

/** The rows of a payment that is its vendor's due. They must be written before the next one is settled. */
export function settleRows(store: PartyStore, { digest, payment: taken }: OpenPayment<Taken>): Row[] {
  const { vendor, worth } = taken
  const name = `totals/${vendor}`
  const { totals, transfer } = settlePayment(store.get<VendorTotals>(name) ?? emptyTotals, worth, withholdingBp)
  const settlement: Settlement = { payload: digest, vendor, worth, transfer }
  const rows: Row[] = [
    [`settled/${digest}`, settlement],
    [name, totals],
  ]
  if (transfer === 0n) return rows
  const { number, row } = nextNumber(store, 'lastTransfer')
  const open: OpenTransfer = { payload: digest, payee: vendor, amount: transfer }
  return [...rows, row, [numberName('transfer', number), open]]
}

/** The rows of a decided block, its settled payments being settled already. */
export function bookRows(
  store: PartyStore,
  user: string,
  block: OpenBlock<Taken>,
  record: Digest,
  transactions: readonly TransactionVerdict[],
  proof: CertifiedBlocks,
): Row[] {
  const settled = block.payments.flatMap(({ digest }, at) => {
    const settlement = store.get<Settlement>(`settled/${digest}`)
    return settlement ? [{ settlement, tokens: transactions[at]!.tokens }] : []
  })
  const consumedIn = (tokens: TransactionVerdict['tokens']): number =>
    tokens.filter(({ use }) => use === 'consumed').length
  const books: KeptBooks = {
    ...blockBooks(
      settled.map(({ settlement: { worth, transfer }, tokens }) => ({
        worth,
        transfer,
        consumed: tokenValue * BigInt(consumedIn(tokens)),
      })),
    ),
    ...blockRisk(
      settled.map(({ tokens }) => ({ tokens: tokens.length, invalid: tokens.length - consumedIn(tokens) })),
      { tokenValue, withholdingBp },
    ),
  }
  const rows: Row[] = [[`books/${user}/${block.number}`, books]]
  const tokens = transactions.reduce((sum, each) => sum + consumedIn(each.tokens), 0)
  if (tokens === 0) return rows
  const { number, row } = nextNumber(store, 'lastRedemption')
  const open: OpenRedemption = { record, tokens, amount: tokenValue * BigInt(tokens), proof }
  const claimed = (store.get<bigint>('claimed') ?? 0n) + open.amount
  return [...rows, row, [numberName('redemption', number), open], ['claimed', claimed]]
}
