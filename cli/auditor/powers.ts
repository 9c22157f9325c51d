// Powers of r = (1 + W0)^(1/W0), on which the trust functions of eqs 4 and 5 rest, as intervals that hold the true value by construction:
// every step rounds the lower end down and the upper end up. A power that is a whole number is held exactly.

/** From `low` to `high`, both in units of 2^-bits. */
export interface Interval {
  readonly low: bigint
  readonly high: bigint
}

/** Tables that are kept; one of the largest W0 takes some 300 KB. */
const tablesMax = 64
const tables = new Map<string, readonly Interval[]>()

/** r^0 to r^W0 in units of 2^-bits; kept for the next call. */
export function powersOf(w0: number, bits: bigint): readonly Interval[] {
  const name = `${w0}/${bits}`
  let powers = tables.get(name)
  if (!powers) {
    if (tables.size >= tablesMax) tables.clear()
    powers = createPowers(w0, bits)
    tables.set(name, powers)
  }
  return powers
}

function createPowers(w0: number, bits: bigint): Interval[] {
  const root = rootOf(w0, bits)
  const powers: Interval[] = [{ low: 1n << bits, high: 1n << bits }]
  for (let exponent = 1; exponent <= w0; exponent++) {
    const last = powers[exponent - 1]!
    const next = {
      low: multiplyDown(last.low, root.low, bits),
      high: multiplyUp(last.high, root.high, bits),
    }
    powers.push(wholeWithin(next, w0, exponent, bits) ?? next)
  }
  return powers
}

type Multiply = (left: bigint, right: bigint, bits: bigint) => bigint

const multiplyDown: Multiply = (left, right, bits) => (left * right) >> bits
// >> rounds towards minus infinity
const multiplyUp: Multiply = (left, right, bits) => -((-left * right) >> bits)

function power(base: bigint, exponent: number, bits: bigint, multiply: Multiply): bigint {
  let result = 1n << bits
  for (const digit of exponent.toString(2)) {
    result = multiply(result, result, bits)
    if (digit === '1') result = multiply(result, base, bits)
  }
  return result
}

/** r: its W0-th power, rounded up, is at most 1 + W0 at the lower end, and rounded down at least 1 + W0 at the upper. */
function rootOf(w0: number, bits: bigint): Interval {
  const one = 1n << bits
  const radicand = BigInt(1 + w0) << bits
  // 1 < r ≤ 2, and 2 only where W0 is 1
  const high = leastWith(one, 2n * one + 1n, value => power(value, w0, bits, multiplyDown) >= radicand)
  const above = leastWith(one, 2n * one + 1n, value => power(value, w0, bits, multiplyUp) > radicand)
  return { low: above - 1n, high }
}

/** The least value up to `high` for which a monotone condition holds; it fails at `low` and holds at `high`. */
function leastWith(low: bigint, high: bigint, holds: (value: bigint) => boolean): bigint {
  let [failing, holding] = [low, high]
  while (holding - failing > 1n) {
    const middle = (failing + holding) >> 1n
    if (holds(middle)) holding = middle
    else failing = middle
  }
  return holding
}

/** The whole number m in the interval where it is the power itself: m^W0 = (1 + W0)^exponent. */
function wholeWithin({ low, high }: Interval, w0: number, exponent: number, bits: bigint): Interval | undefined {
  const whole = -(-low >> bits)
  const scaled = whole << bits
  if (scaled > high || whole ** BigInt(w0) !== BigInt(1 + w0) ** BigInt(exponent)) return undefined
  return { low: scaled, high: scaled }
}
