// What the first paper's section 7.2 claims of a figure, as statements about differences over seeds. A claim is a set of comparisons that all
// have to come out above 0; together they are tested at 95 % (Bonferroni), so a claim with many of them is not the likelier to pass or fail.
import { estimate, meanOf } from './statistics.ts'

/** Values of one series: for each place on the x axis one value per seed, the seeds in the same order everywhere. */
export interface Samples {
  readonly name: string
  readonly values: readonly (readonly number[])[]
}

/** A statement about a figure. Series and places are named as the figure has them; without `series`, all of them. */
export type Claim = { readonly text: string } & (
  | { readonly kind: 'falls' | 'rises'; readonly series?: readonly string[]; readonly margin?: number }
  /** At every place, or at those from one on. */
  | { readonly kind: 'above'; readonly higher: string; readonly lower: string; readonly from?: number }
  | { readonly kind: 'negative'; readonly series?: readonly string[] }
  /** Loses more from the first place to a later one than the other does; in proportion: to its own mean at the first. */
  | {
      readonly kind: 'falls faster'
      readonly faster: string
      readonly slower: string
      readonly to: number
      readonly isProportional?: boolean
    }
  /** One place of one series against all others. */
  | { readonly kind: 'highest' | 'lowest'; readonly at: string; readonly x: number; readonly among: readonly string[] }
  /** Every other place against the last one. */
  | { readonly kind: 'above last' | 'below last'; readonly series: readonly string[] }
  /** At no place further from the first one's mean than by this share of it. */
  | { readonly kind: 'level'; readonly series?: readonly string[]; readonly share: number }
  /** At every place that both have (from one on), below the series of that name in another figure. */
  | {
      readonly kind: 'below figure'
      readonly figure: number
      readonly pairs: Readonly<Record<string, string>>
      readonly from?: number
    }
)

/** A figure's values, as claims need them. */
export interface FigureSamples {
  readonly xs: readonly number[]
  readonly series: readonly Samples[]
}

/** Differences over seeds whose mean has to lie above 0. */
interface Comparison {
  readonly where: string
  readonly differences: readonly number[]
  /** A difference that cannot be larger than this is as good as none. */
  readonly margin: number
}

export type ClaimOutcome = 'holds' | 'does not hold' | 'not decided'

export interface JudgedClaim {
  readonly text: string
  /** True where it is shown to hold; false where it does not, or where these seeds do not decide it. */
  readonly holds: boolean
  readonly outcome: ClaimOutcome
  readonly comparisons: number
  /** The comparison that speaks most against the claim, with the interval of its difference. */
  readonly weakest: { readonly where: string; readonly mean: number; readonly low: number; readonly high: number }
}

const familyError = 0.05

/** Judges a claim; `figureOf` gives the values of another figure. */
export function judge(claim: Claim, samples: FigureSamples, figureOf: (figure: number) => FigureSamples): JudgedClaim {
  const comparisons = comparisonsOf(claim, samples, figureOf)
  const confidence = 1 - familyError / comparisons.length
  const results = comparisons.map(({ where, differences, margin }) => {
    const { mean, low, high } = estimate(differences, confidence)
    const outcome: ClaimOutcome = low > 0 ? 'holds' : high <= margin ? 'does not hold' : 'not decided'
    return { where, mean, low, high, outcome }
  })
  const worst = results.reduce((a, b) => (b.low < a.low ? b : a))
  const failed = results.find(({ outcome }) => outcome === 'does not hold')
  const outcome = failed ? 'does not hold' : worst.outcome
  const { where, mean, low, high } = failed ?? worst
  return {
    text: claim.text,
    holds: outcome === 'holds',
    outcome,
    comparisons: comparisons.length,
    weakest: { where, mean, low, high },
  }
}

const subtract = (a: readonly number[], b: readonly number[]): number[] => a.map((value, at) => value - b[at]!)
const negate = (values: readonly number[]): number[] => values.map(value => -value)

function seriesNamed({ series }: FigureSamples, names?: readonly string[]): Samples[] {
  const chosen = names === undefined ? [...series] : series.filter(({ name }) => names.includes(name))
  if (chosen.length === 0 || (names !== undefined && chosen.length !== names.length))
    throw new RangeError(`a claim names a series that its figure has not: ${names?.join(', ')}`)
  return chosen
}

const oneNamed = (samples: FigureSamples, name: string): Samples => seriesNamed(samples, [name])[0]!

function comparisonsOf(
  claim: Claim,
  samples: FigureSamples,
  figureOf: (figure: number) => FigureSamples,
): readonly Comparison[] {
  const { xs } = samples
  switch (claim.kind) {
    case 'falls':
    case 'rises':
      return seriesNamed(samples, claim.series).flatMap(({ name, values }) =>
        steps(name, xs, claim.kind === 'falls' ? values : values.map(negate), claim.margin ?? 0),
      )
    case 'above': {
      const higher = oneNamed(samples, claim.higher)
      const lower = oneNamed(samples, claim.lower)
      return xs.flatMap((x, at) => {
        if (x < (claim.from ?? x)) return []
        const differences = subtract(higher.values[at]!, lower.values[at]!)
        return [{ where: `${claim.higher} over ${claim.lower} at ${x}`, differences, margin: 0 }]
      })
    }
    case 'negative':
      return seriesNamed(samples, claim.series).flatMap(({ name, values }) =>
        xs.map((x, at) => ({ where: `${name} at ${x}`, differences: negate(values[at]!), margin: 0 })),
      )
    case 'falls faster':
      return [fallsFaster(claim, samples)]
    case 'highest':
    case 'lowest':
      return extremes(claim, samples)
    case 'above last':
    case 'below last':
      return seriesNamed(samples, claim.series).flatMap(({ name, values }) =>
        values.slice(0, -1).map((value, at) => {
          const difference = subtract(value, values.at(-1)!)
          const differences = claim.kind === 'above last' ? difference : negate(difference)
          return { where: `${name}, ${xs[at]} against ${xs.at(-1)}`, differences, margin: 0 }
        }),
      )
    case 'level':
      return seriesNamed(samples, claim.series).flatMap(({ name, values }) => level(name, xs, values, claim.share))
    case 'below figure':
      return belowFigure(claim, samples, figureOf(claim.figure))
  }
}

function steps(
  name: string,
  xs: readonly number[],
  values: readonly (readonly number[])[],
  marginShare: number,
): Comparison[] {
  return xs.slice(1).map((x, at) => ({
    where: `${name}, ${xs[at]} to ${x}`,
    differences: subtract(values[at]!, values[at + 1]!),
    margin: marginShare * Math.abs(meanOf(values[at]!)),
  }))
}

function fallsFaster(claim: Claim & { kind: 'falls faster' }, samples: FigureSamples): Comparison {
  const end = samples.xs.indexOf(claim.to)
  const loss = (name: string): number[] => {
    const { values } = oneNamed(samples, name)
    const unit = claim.isProportional === true ? Math.abs(meanOf(values[0]!)) : 1
    return subtract(values[0]!, values[end]!).map(lost => lost / unit)
  }
  const where = `${claim.faster} against ${claim.slower}, ${samples.xs[0]} to ${claim.to}`
  return { where, differences: subtract(loss(claim.faster), loss(claim.slower)), margin: 0 }
}

function extremes(claim: Claim & { kind: 'highest' | 'lowest' }, samples: FigureSamples): Comparison[] {
  const place = samples.xs.indexOf(claim.x)
  const extreme = oneNamed(samples, claim.at).values[place]!
  return seriesNamed(samples, claim.among).flatMap(({ name, values }) =>
    values.flatMap((value, at) => {
      if (name === claim.at && at === place) return []
      const difference = subtract(extreme, value)
      const differences = claim.kind === 'highest' ? difference : negate(difference)
      return [{ where: `${claim.at} at ${claim.x} against ${name} at ${samples.xs[at]}`, differences, margin: 0 }]
    }),
  )
}

/** Both "not much lower" and "not much higher" have to be shown. */
function level(
  name: string,
  xs: readonly number[],
  values: readonly (readonly number[])[],
  share: number,
): Comparison[] {
  const [first, ...others] = values
  const allowed = share * Math.abs(meanOf(first!))
  return others.flatMap((other, at) => {
    const difference = subtract(other, first!)
    const where = `${name}, ${xs[0]} to ${xs[at + 1]}`
    return [difference, negate(difference)].map(side => ({
      where,
      differences: side.map(value => allowed - value),
      margin: 0,
    }))
  })
}

function belowFigure(
  claim: Claim & { kind: 'below figure' },
  samples: FigureSamples,
  other: FigureSamples,
): Comparison[] {
  return Object.entries(claim.pairs).flatMap(([name, otherName]) => {
    const own = oneNamed(samples, name)
    const theirs = oneNamed(other, otherName)
    return samples.xs.flatMap((x, at) => {
      const there = other.xs.indexOf(x)
      if (there < 0 || x < (claim.from ?? x)) return []
      const differences = subtract(theirs.values[there]!, own.values[at]!)
      return [{ where: `${name} at ${x} against figure ${claim.figure}`, differences, margin: 0 }]
    })
  })
}
