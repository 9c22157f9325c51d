// Means over seeds with their confidence intervals, by Student's t distribution.

/** A mean with an interval that holds the true one with a given confidence. */
export interface Estimate {
  readonly mean: number
  readonly low: number
  readonly high: number
}

export const meanOf = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length

/** Mean and interval of independent values; of fewer than two values the interval is unbounded. */
export function estimate(values: readonly number[], confidence = 0.95): Estimate {
  const mean = meanOf(values)
  if (values.length < 2) return { mean, low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY }
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  const freedom = values.length - 1
  const half = studentQuantile((1 + confidence) / 2, freedom) * Math.sqrt(squares / freedom / values.length)
  return { mean, low: mean - half, high: mean + half }
}

const quantiles = new Map<string, number>()

/** The t below which a value of Student's distribution lies with the given probability, at least one half. */
export function studentQuantile(probability: number, freedom: number): number {
  const name = `${probability}/${freedom}`
  const known = quantiles.get(name)
  if (known !== undefined) return known
  let low = 0
  let high = 1
  while (studentCumulative(high, freedom) < probability) high *= 2
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2
    if (studentCumulative(middle, freedom) < probability) low = middle
    else high = middle
  }
  quantiles.set(name, high)
  return high
}

/** For t ≥ 0: 1 − I_x(n/2, 1/2)/2 with x = n/(n + t²) (Abramowitz and Stegun 26.7.1). */
function studentCumulative(t: number, freedom: number): number {
  return 1 - incompleteBeta(freedom / (freedom + t * t), freedom / 2, 0.5) / 2
}

/** The regularized incomplete beta function by its continued fraction (Abramowitz and Stegun 26.5.8), from the side where it converges. */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0
  if (x >= 1) return 1
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a)
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) + logGamma(a + b) - logGamma(a) - logGamma(b)) / a
  let fraction = 0
  for (let m = 200; m >= 1; m--) {
    const half = Math.floor(m / 2)
    const term =
      m % 2 === 0
        ? (half * (b - half) * x) / ((a + m - 1) * (a + m))
        : (-(a + half) * (a + b + half) * x) / ((a + m - 1) * (a + m))
    fraction = term / (1 + fraction)
  }
  return front / (1 + fraction)
}

/** Stirling's series after raising the argument above 10. */
function logGamma(argument: number): number {
  let x = argument
  let shift = 0
  while (x < 10) shift -= Math.log(x++)
  return shift + (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + 1 / (12 * x) - 1 / (360 * x ** 3)
}
