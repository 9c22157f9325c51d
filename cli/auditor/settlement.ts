// What vendors are paid (message 4 of the first paper's figure 1), and how a block's books balance. A vendor's due runs on in ten-thousandths of a
// minor unit, so that the withholding from many small payments does not round them to nothing; what is transferred is the whole units of it.

/** How an auditor stands with a vendor. */
export interface VendorTotals {
  /** In ten-thousandths of a minor unit: Σ worth · (10000 − ρ) over its settled payments. */
  readonly due: bigint
  /** In minor units, transfers under way included. */
  readonly paid: bigint
}

export const emptyTotals: VendorTotals = { due: 0n, paid: 0n }

/** One more settled payment, worth so many minor units; `transfer` is what it has the vendor paid, perhaps 0. ρ is in basis points. */
export function settlePayment(
  { due, paid }: VendorTotals,
  worth: bigint,
  withholdingBp: number,
): { readonly totals: VendorTotals; readonly transfer: bigint } {
  const total = due + worth * BigInt(10_000 - withholdingBp)
  const transfer = total / 10_000n - paid
  return { totals: { due: total, paid: paid + transfer }, transfer }
}

/** A settled payment in a decided block, in minor units. */
export interface DecidedPayment {
  readonly worth: bigint
  /** Of its worth, what the ledger consumed. */
  readonly consumed: bigint
  readonly transfer: bigint
}

/** In minor units: paid + margin = received + covered. */
export interface BlockBooks {
  /** What the vendors are paid. */
  readonly paid: bigint
  /** What is withheld from them. */
  readonly margin: bigint
  /** What the bank owes for consumed tokens. */
  readonly received: bigint
  /** What was settled and brings nothing. */
  readonly covered: bigint
}

export function blockBooks(settled: readonly DecidedPayment[]): BlockBooks {
  const books = { paid: 0n, margin: 0n, received: 0n, covered: 0n }
  for (const { worth, consumed, transfer } of settled) {
    books.paid += transfer
    books.margin += worth - transfer
    books.received += consumed
    books.covered += worth - consumed
  }
  return books
}
