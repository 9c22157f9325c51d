// The trust of a user (eqs 3 to 5) and the block size that follows from it (eq. 7), exact: the same integers on every machine.
// W0 stays fixed in the formulas (docs/decisions/exact-trust.md). With r = (1 + W0)^(1/W0) and γ the tokens charged so far, (W0 + 2)·T(γ) is
//   neutral      W0 + 1 − γ           optimistic   W0 + 2 − r^γ           pessimistic   r^(W0 − γ)
// and T is 0 where γ > W0. A block with β charged tokens takes γ to γ' = γ + β, and W
//   to W where β = 0;   to 0 where γ' > W0, or W was 0;   else to ⌊x⌋, x = W·T(γ')/T(γ) with rounding floor, W0·T(γ')/T(0) with carry.
// A floor is taken where both ends of an interval around x agree, at as many bits as that needs. It ends: whole powers of r are held exactly, and
// x is irrational where it has others. For of the powers of r and 1, those whose quotients are irrational are linearly independent over the
// rationals; a rational x of the optimistic model has W·r^γ' − x·r^γ = (W − x)(W0 + 2), which is not 0, and so both powers are rational.
import { assert } from '../../proto/errors.ts'
import { limits } from '../../proto/limits.ts'
import { roundings, type TrustTerms, trustModels } from '../../proto/records.ts'
import { type Interval, powersOf } from './powers.ts'

/** What the verdicts so far leave a user with. */
export interface Standing {
  /** γ: tokens charged so far. */
  readonly gamma: number
  /** W, in tokens; 0 is a blocked user. */
  readonly blockSize: number
}

/** One block of a history, for people; `trust` and `x` (W before the floor) are decimal strings. */
export interface TrustStep {
  readonly block: number
  readonly beta: number
  readonly gamma: number
  readonly trust: string
  readonly x: string
  readonly blockSize: number
}

/** The standing of a user of whom no block was decided. */
export function initialStanding({ w0 }: TrustTerms): Standing {
  assert(Number.isInteger(w0) && w0 >= 1 && w0 <= limits.blockTokens, 'W0 is a number of tokens that a block can hold')
  return { gamma: 0, blockSize: w0 }
}

/** The standing after one more block, of which `charged` tokens count. */
export function applyBlock(terms: TrustTerms, { gamma, blockSize }: Standing, charged: number): Standing {
  assert(Number.isSafeInteger(charged) && charged >= 0, 'charged is a number of tokens')
  return { gamma: gamma + charged, blockSize: nextBlockSize(terms, gamma, blockSize, charged) }
}

/** T(γ) as a decimal with so many (1 or more) digits after the point, rounded half up. */
export function trustOf(terms: TrustTerms, gamma: number, digits = 6): string {
  if (gamma > terms.w0) return decimal(0n, digits)
  return rounded(digits, 1, bits => ({
    numerator: scaledTrust(terms, gamma, bits),
    denominator: whole(terms.w0 + 2, bits),
  }))
}

/** What W would be without the floor after a block with `charged` tokens that count, in the form of `trustOf`. */
export function xOf(terms: TrustTerms, { gamma, blockSize }: Standing, charged: number, digits = 6): string {
  if (blockSize === 0 || gamma + charged > terms.w0) return decimal(0n, digits)
  if (charged === 0)
    return rounded(digits, blockSize, bits => ({ numerator: whole(1, bits), denominator: whole(1, bits) }))
  return rounded(digits, factorOf(terms, blockSize), bits => ratioAt(terms, gamma, charged, bits))
}

/** A new user's history block by block; `charges` are the tokens charged in each. */
export function explain(terms: TrustTerms, charges: readonly number[]): TrustStep[] {
  let standing = initialStanding(terms)
  return charges.map((beta, at) => {
    const x = xOf(terms, standing, beta)
    standing = applyBlock(terms, standing, beta)
    return {
      block: at + 1,
      beta,
      gamma: standing.gamma,
      trust: trustOf(terms, standing.gamma),
      x,
      blockSize: standing.blockSize,
    }
  })
}

/** Steps that are kept: simulations take the same ones millions of times. */
const keptMax = 1 << 18
const kept = new Map<number, number>()

function nextBlockSize(terms: TrustTerms, gamma: number, blockSize: number, charged: number): number {
  const { w0, model, rounding } = terms
  if (charged === 0) return blockSize
  if (blockSize === 0 || gamma + charged > w0) return 0
  assert(blockSize <= w0, 'W never rises above W0')
  // digits of a number in base W0 + 1, under a first one that keeps apart terms: below 2^53
  const base = w0 + 1
  const first = w0 * 6 + trustModels[model] * 2 + roundings[rounding]
  const name = ((first * base + gamma) * base + charged) * base + blockSize
  const known = kept.get(name)
  if (known !== undefined) return known
  const next = Number(exactFloor(BigInt(factorOf(terms, blockSize)), bits => ratioAt(terms, gamma, charged, bits)))
  if (kept.size >= keptMax) kept.clear()
  kept.set(name, next)
  return next
}

/** A quotient of which both parts are known within intervals. */
interface Ratio {
  readonly numerator: Interval
  readonly denominator: Interval
}

/** What the ratio of eq. 7 is multiplied by. */
const factorOf = ({ w0, rounding }: TrustTerms, blockSize: number): number => (rounding === 'carry' ? w0 : blockSize)

/** T(γ')/T(γ), or T(γ')/T(0) with rounding carry. */
function ratioAt(terms: TrustTerms, gamma: number, charged: number, bits: bigint): Ratio {
  const numerator = scaledTrust(terms, gamma + charged, bits)
  if (terms.rounding === 'carry') return { numerator, denominator: whole(terms.w0 + 1, bits) }
  // r^-β may be rational where neither trust is
  if (terms.model === 'pessimistic')
    return { numerator: whole(1, bits), denominator: powersOf(terms.w0, bits)[charged]! }
  return { numerator, denominator: scaledTrust(terms, gamma, bits) }
}

/** (W0 + 2)·T(γ), for γ up to W0: never below 1. */
function scaledTrust({ w0, model }: TrustTerms, gamma: number, bits: bigint): Interval {
  if (model === 'neutral') return whole(w0 + 1 - gamma, bits)
  const powers = powersOf(w0, bits)
  if (model === 'pessimistic') return powers[w0 - gamma]!
  const { low, high } = powers[gamma]!
  const top = BigInt(w0 + 2) << bits
  return { low: top - high, high: top - low }
}

function whole(value: number, bits: bigint): Interval {
  const scaled = BigInt(value) << bits
  return { low: scaled, high: scaled }
}

/** Far more than any floor of a number of tokens needs. */
const bitsMax = 1n << 16n

/** ⌊factor · ratio⌋, of a ratio that can be had as closely as wanted. */
function exactFloor(factor: bigint, closely: (bits: bigint) => Ratio): bigint {
  for (let bits = 64n; ; bits *= 2n) {
    assert(bits <= bitsMax, 'an irrational value has a floor, and a rational one is held exactly')
    const { numerator, denominator } = closely(bits)
    const low = (factor * numerator.low) / denominator.high
    const high = (factor * numerator.high) / denominator.low
    if (low === high) return low
  }
}

/** factor · ratio as a decimal, rounded half up. */
function rounded(digits: number, factor: number, closely: (bits: bigint) => Ratio): string {
  const halves = exactFloor(2n * 10n ** BigInt(digits) * BigInt(factor), closely)
  return decimal((halves + 1n) / 2n, digits)
}

function decimal(scaled: bigint, digits: number): string {
  const text = scaled.toString().padStart(digits + 1, '0')
  return `${text.slice(0, -digits)}.${text.slice(-digits)}`
}
