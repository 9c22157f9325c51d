import { Decimal } from 'decimal.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Rounding, roundings, type TrustModel, type TrustTerms, trustModels } from '../../proto/records.ts'
import { applyBlock, explain, initialStanding, type Standing, trustOf, xOf } from './trust.ts'

const models = Object.keys(trustModels) as TrustModel[]
const termsOf = (w0: number, model: TrustModel, rounding: Rounding = 'floor'): TrustTerms => ({ w0, model, rounding })

/** The standing after each block. */
function fold(terms: TrustTerms, charges: readonly number[]): Standing[] {
  let standing = initialStanding(terms)
  return charges.map(charged => {
    standing = applyBlock(terms, standing, charged)
    return standing
  })
}

const sizes = (terms: TrustTerms, charges: readonly number[]): number[] =>
  fold(terms, charges).map(({ blockSize }) => blockSize)

const times = (count: number, charged: number): number[] => Array<number>(count).fill(charged)

describe('worked values, W0 = 100', () => {
  it.each([
    ['pessimistic', ['0.990196', '0.786149', '0.098528', '0.009804'], '79.3933', 79],
    ['neutral', ['0.990196', '0.941176', '0.500000', '0.009804'], '95.0495', 95],
    ['optimistic', ['0.990196', '0.987651', '0.901472', '0.009804'], '99.7430', 99],
  ] as const)('%s: trust at 0, 5, 50 and 100, and the first step', (model, trusts, x, blockSize) => {
    const terms = termsOf(100, model)
    expect([0, 5, 50, 100].map(gamma => trustOf(terms, gamma))).toEqual(trusts)
    expect(trustOf(terms, 101)).toBe('0.000000')
    expect(xOf(terms, initialStanding(terms), 5, 4)).toBe(x)
    expect(applyBlock(terms, initialStanding(terms), 5)).toEqual({ gamma: 5, blockSize })
  })

  it.each([
    ['pessimistic', [79, 62, 49, 38, 30, 23, 18, 14, 11, 8, 6, 4, 3, 2, 1, 0]],
    ['neutral', [95, 90, 85, 80, 75, 70, 65, 60, 55, 50, 45, 40, 35, 30, 25, 20, 15, 10, 5, 0]],
    ['optimistic', [99, 98, 97, 96, 95, 94, 93, 91, 89, 87, 84, 80, 76, 71, 64, 56, 46, 34, 19, 0]],
  ] as const)('%s: five invalid tokens in every block', (model, expected) => {
    expect(sizes(termsOf(100, model), times(expected.length, 5))).toEqual(expected)
  })

  it('explains each block, valid ones and those after the end included', () => {
    expect(explain(termsOf(100, 'pessimistic'), [5, 0, 90, 60, 1])).toEqual([
      { block: 1, beta: 5, gamma: 5, trust: '0.786149', x: '79.393314', blockSize: 79 },
      { block: 2, beta: 0, gamma: 5, trust: '0.786149', x: '79.000000', blockSize: 79 },
      { block: 3, beta: 90, gamma: 95, trust: '0.012349', x: '1.240903', blockSize: 1 },
      { block: 4, beta: 60, gamma: 155, trust: '0.000000', x: '0.000000', blockSize: 0 },
      { block: 5, beta: 1, gamma: 156, trust: '0.000000', x: '0.000000', blockSize: 0 },
    ])
  })
})

// An independent reference: eqs 3 to 5 as printed, with W0 for W_{i-1}, in 80 decimal digits of which 60 are believed.
const Reference = Decimal.clone({ precision: 80, rounding: Decimal.ROUND_HALF_UP })

function referenceTrust(w0: number): (model: TrustModel, gamma: number) => Decimal {
  const delta = new Reference(1 + w0).ln().div(w0)
  const printed: Record<TrustModel, (gamma: number) => Decimal> = {
    neutral: gamma => new Reference(w0 - gamma + 1).div(w0 + 2),
    optimistic: gamma =>
      new Reference(1).sub(
        new Reference(w0 + 1).div(w0 + 2).mul(
          delta
            .mul(w0 - gamma)
            .neg()
            .exp(),
        ),
      ),
    pessimistic: gamma => new Reference(1).div(w0 + 2).mul(delta.mul(w0 - gamma).exp()),
  }
  const known = new Map<string, Decimal>()
  return (model, gamma) => {
    const name = `${model} ${gamma}`
    const value = known.get(name) ?? printed[model](gamma)
    known.set(name, value)
    return value
  }
}

/** Holds trust, x (so many digits of them) and W after each of the charges to the reference, in all models and roundings. */
function compare(w0: number, charges: readonly number[], digits = 40): void {
  const trust = referenceTrust(w0)
  const all = models.flatMap(model => (Object.keys(roundings) as Rounding[]).map(rounding => ({ w0, model, rounding })))
  for (const terms of all) {
    let standing = initialStanding(terms)
    for (const charged of charges) {
      const { gamma, blockSize } = standing
      const isOver = blockSize === 0 || gamma + charged > w0
      const carried = terms.rounding === 'carry' && charged > 0
      const x = isOver
        ? new Reference(0)
        : trust(terms.model, gamma + charged)
            .div(trust(terms.model, carried ? 0 : gamma))
            .mul(carried ? w0 : blockSize)
      const where = `W0 ${w0} ${terms.model} ${terms.rounding}, ${charged} after ${gamma}, W ${blockSize}`
      if (xOf(terms, standing, charged, digits) !== x.toFixed(digits)) expect.fail(`x: ${where}`)
      standing = applyBlock(terms, standing, charged)
      if (standing.blockSize !== x.toDecimalPlaces(60).floor().toNumber()) expect.fail(`W: ${where}`)
      const value = standing.gamma > w0 ? new Reference(0) : trust(terms.model, standing.gamma)
      if (trustOf(terms, standing.gamma, digits) !== value.toFixed(digits)) expect.fail(`T: ${where}`)
    }
  }
}

function seeded(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

describe('exactness', () => {
  it('agrees with 60 decimal digits for every W0 to 1000, on charges from a seed', () => {
    const draw = seeded(7)
    for (let w0 = 1; w0 <= 1000; w0++) {
      const charges = [0]
      for (let gamma = 0; gamma <= w0; gamma += charges.at(-1)!) charges.push(1 + draw(w0))
      compare(w0, [...charges, 1], 20)
    }
  })

  it.each([1, 2, 3, 5, 8, 24, 50, 80, 100])('agrees where W0 is %d and each block has the same few', w0 => {
    for (const charged of [1, 2, 5]) compare(w0, times(Math.ceil((w0 + 1) / charged), charged))
  })

  it('agrees at the largest W0', () => {
    compare(2048, [1, 1, 700, 40, 0, 1000, 300, 6, 1])
  })

  // where 1 + W0 is a power, x is often a whole number that no approximation can tell from the one below
  it.each([3, 7, 8, 15, 24, 26, 48, 63, 80])('decides W^W0 ≥ k^W0·(1 + W0)^β for W0 = %d as bigints do', w0 => {
    const terms = termsOf(w0, 'pessimistic')
    const exponent = BigInt(w0)
    for (let charged = 1; charged <= w0; charged++)
      for (let blockSize = 1; blockSize <= w0; blockSize++) {
        const next = BigInt(applyBlock(terms, { gamma: 0, blockSize }, charged).blockSize)
        const [left, right] = [BigInt(blockSize) ** exponent, BigInt(1 + w0) ** BigInt(charged)]
        const isFloor = left >= next ** exponent * right && left < (next + 1n) ** exponent * right
        if (!isFloor) expect.fail(`W ${blockSize}, ${charged} charged: ${next}`)
      }
  })

  it('takes a whole x as it is', () => {
    // 25^(12/24) = 5: floating point makes 1.9999999999999996 of 10/5
    expect(sizes(termsOf(24, 'pessimistic'), [1, 5, 12])).toEqual([20, 10, 2])
    // 81^(20/80) = 3, 81^(40/80) = 9: x = 79·(82 − 9)/(82 − 3)
    expect(applyBlock(termsOf(80, 'optimistic'), { gamma: 20, blockSize: 79 }, 20).blockSize).toBe(73)
    expect(xOf(termsOf(80, 'optimistic'), { gamma: 20, blockSize: 79 }, 20, 50)).toBe(`73.${'0'.repeat(50)}`)
    // 81^(60/80) = 27: 80·(82 − 27)/81 = 54.32…, 80·27/81 = 26.66… of the trust at 20
    expect(xOf(termsOf(80, 'optimistic', 'carry'), { gamma: 0, blockSize: 80 }, 60)).toBe('54.320988')
    expect(xOf(termsOf(80, 'pessimistic', 'carry'), { gamma: 0, blockSize: 80 }, 20)).toBe('26.666667')
  })
})

const w0s = fc.integer({ min: 1, max: 200 })
const anyTerms = fc.record<TrustTerms>({
  w0: w0s,
  model: fc.constantFrom(...models),
  rounding: fc.constantFrom('floor', 'carry'),
})
const anyCharges = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 60 })), {
  maxLength: 60,
})

describe('proposition 1', () => {
  it('trust falls with every charged token, from (W0 + 1)/(W0 + 2) to 1/(W0 + 2), and is then 0', () => {
    fc.assert(
      fc.property(anyTerms, terms => {
        const trusts = Array.from({ length: terms.w0 + 2 }, (_, gamma) => trustOf(terms, gamma, 20))
        const part = (numerator: number): string => new Reference(numerator).div(terms.w0 + 2).toFixed(20)
        expect([trusts[0], trusts.at(-2), trusts.at(-1)]).toEqual([part(terms.w0 + 1), part(1), `0.${'0'.repeat(20)}`])
        for (const [at, trust] of trusts.entries()) if (at > 0) expect(trust < trusts[at - 1]!).toBe(true)
      }),
      { numRuns: 40 },
    )
  })

  it('a pessimistic trust is convex and below the neutral one, an optimistic one concave and above', () => {
    fc.assert(
      fc.property(w0s, w0 => {
        const [low, line, high] = (['pessimistic', 'neutral', 'optimistic'] as const).map(model =>
          Array.from({ length: w0 + 1 }, (_, gamma) => BigInt(trustOf(termsOf(w0, model), gamma, 20).replace('.', ''))),
        )
        for (let at = 1; at < w0; at++) {
          expect(low![at]! < line![at]! && line![at]! < high![at]!).toBe(true)
          expect(low![at - 1]! + low![at + 1]!).toBeGreaterThan(2n * low![at]!)
          expect(high![at - 1]! + high![at + 1]!).toBeLessThan(2n * high![at]!)
        }
      }),
      { numRuns: 40 },
    )
  })

  it('W never rises, stays where nothing is charged, and stays 0; γ adds up all the same', () => {
    fc.assert(
      fc.property(anyTerms, anyCharges, (terms, charges) => {
        let before = initialStanding(terms)
        for (const [at, after] of fold(terms, charges).entries()) {
          expect(after.gamma).toBe(before.gamma + charges[at]!)
          expect(after.blockSize).toBeLessThanOrEqual(before.blockSize)
          if (charges[at] === 0) expect(after.blockSize).toBe(before.blockSize)
          if (after.gamma >= terms.w0) expect(after.blockSize).toBe(0)
          before = after
        }
      }),
    )
  })

  it('with floor, each block with an invalid token lowers W, so that W0 of them end it', () => {
    fc.assert(
      fc.property(anyTerms, anyCharges, ({ w0, model }, charges) => {
        let last = w0
        for (const size of sizes(
          termsOf(w0, model),
          charges.filter(charged => charged > 0),
        )) {
          if (last > 0) expect(size).toBeLessThan(last)
          last = size
        }
        expect(sizes(termsOf(w0, model), times(w0, 1)).at(-1)).toBe(0)
      }),
    )
  })

  it('at the same charges W is smallest in the pessimistic model, which ends first, and largest in the optimistic', () => {
    fc.assert(
      fc.property(anyTerms, anyCharges, ({ w0, rounding }, charges) => {
        const [low, middle, high] = (['pessimistic', 'neutral', 'optimistic'] as const).map(model =>
          sizes(termsOf(w0, model, rounding), charges),
        )
        for (const at of charges.keys()) {
          expect(low![at]).toBeLessThanOrEqual(middle![at]!)
          expect(middle![at]).toBeLessThanOrEqual(high![at]!)
        }
      }),
    )
  })

  /** Blocks and charged tokens until W is 0, where one token in so many of each block is invalid. */
  function endOf(model: TrustModel, w0: number, oneIn: number): { blocks: number; tokens: number } {
    const terms = termsOf(w0, model)
    let standing = initialStanding(terms)
    let blocks = 0
    for (; standing.blockSize > 0; blocks++)
      standing = applyBlock(terms, standing, Math.ceil(standing.blockSize / oneIn))
    return { blocks, tokens: standing.gamma }
  }

  it('the pessimistic model ends first in tokens, where a share of each block is invalid', () => {
    fc.assert(
      fc.property(w0s, fc.integer({ min: 1, max: 30 }), (w0, oneIn) => {
        const [low, middle, high] = (['pessimistic', 'neutral', 'optimistic'] as const).map(
          model => endOf(model, w0, oneIn).tokens,
        )
        expect(low).toBeLessThanOrEqual(middle!)
        expect(middle).toBeLessThanOrEqual(high!)
      }),
      { numRuns: 300 },
    )
  })

  it('counted in blocks it may end last: smaller blocks hold fewer invalid tokens', () => {
    expect(models.map(model => [model, endOf(model, 100, 2)])).toEqual([
      ['neutral', { blocks: 7, tokens: 100 }],
      ['optimistic', { blocks: 3, tokens: 105 }],
      ['pessimistic', { blocks: 8, tokens: 68 }],
    ])
  })
})

it('repeated floors make the optimistic model the neutral one at a token a block; carry does not', () => {
  fc.assert(
    fc.property(fc.integer({ min: 3, max: 200 }), w0 => {
      const [neutral, optimistic] = (['neutral', 'optimistic'] as const).map(model =>
        sizes(termsOf(w0, model), times(w0, 1)),
      )
      expect(optimistic).toEqual(neutral)
      expect(neutral).toEqual(Array.from({ length: w0 }, (_, at) => w0 - at - 1))
    }),
    { numRuns: 40 },
  )
  const carried = (model: TrustModel) => sizes(termsOf(100, model, 'carry'), times(50, 1)).at(-1)
  expect([carried('neutral'), carried('optimistic')]).toEqual([50, 91])
})
