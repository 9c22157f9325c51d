// The auditor's risk (eqs 10 to 13 of the first paper): what it paid for settled payments less what their valid tokens bring. Positive is a loss.
// A block whose tokens are all valid has its last payment settled too, and brings −N·v·ρ (eq. 11); in any other the last one was rejected.

/** A payment that is its vendor's due, with the verdict on its tokens. */
export interface SettledPayment {
  readonly tokens: number
  readonly invalid: number
}

/** In ten-thousandths of a minor unit. */
export interface BlockRisk {
  readonly risk: bigint
  /** What was paid for invalid tokens, whatever the withholding of valid ones brought. */
  readonly grossLoss: bigint
}

/** eqs 10 to 12. `withholdingBp` is ρ in basis points, `tokenValue` v in minor units. */
export function blockRisk(
  settled: readonly SettledPayment[],
  { tokenValue, withholdingBp }: { readonly tokenValue: bigint; readonly withholdingBp: number },
): BlockRisk {
  let tokens = 0
  let invalid = 0
  for (const payment of settled) {
    tokens += payment.tokens
    invalid += payment.invalid
  }
  const withholding = BigInt(withholdingBp)
  return {
    risk: tokenValue * (10_000n * BigInt(invalid) - withholding * BigInt(tokens)),
    grossLoss: tokenValue * BigInt(invalid) * (10_000n - withholding),
  }
}

/** Ten-thousandths of a minor unit as a decimal of minor units, without trailing zeros: "-13", "4.8". */
export function unitsText(tenThousandths: bigint): string {
  const size = tenThousandths < 0n ? -tenThousandths : tenThousandths
  const fraction = (size % 10_000n).toString().padStart(4, '0').replace(/0+$/, '')
  return `${tenThousandths < 0n ? '-' : ''}${size / 10_000n}${fraction === '' ? '' : `.${fraction}`}`
}

/** What a block is expected to be like. */
export interface ExpectedBlock {
  /** π: expected invalid tokens of a payment (Proposition 2: the probability that it has one). */
  readonly probability: number
  readonly tokensPerPayment: number
  /** W, in tokens. */
  readonly blockSize: number
  readonly tokenValue: number
  /** ρ as a fraction. */
  readonly withholding: number
}

/** eq. 13: the mean risk of a block, in minor units. */
export function averageRisk(block: ExpectedBlock): number {
  const { probability, tokensPerPayment, blockSize, tokenValue, withholding } = block
  return tokenValue * (probability - tokensPerPayment * withholding) * (Math.ceil(blockSize / tokensPerPayment) - 1)
}

/** eq. 13 with what it leaves out: the withholding from the last payment of a block that is valid throughout. */
export function averageRiskCorrected(block: ExpectedBlock): number {
  const { probability, tokensPerPayment, blockSize, tokenValue, withholding } = block
  const payments = Math.ceil(blockSize / tokensPerPayment)
  return averageRisk(block) - tokenValue * withholding * tokensPerPayment * (1 - probability) ** payments
}

/** ρ as a fraction at which eq. 13 is 0. */
export const breakEvenWithholding = (probability: number, tokensPerPayment: number): number =>
  probability / tokensPerPayment
