// The claims engine: that it tells true from false from undecided, on values that are known.
import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../random.ts'
import { type Claim, type FigureSamples, judge } from './claims.ts'

const seeds = 12

/** Series with the given true means, all of a seed shifted alike, and a little noise on each value. */
function samplesOf(means: Readonly<Record<string, readonly number[]>>, noise = 0.1): FigureSamples {
  const random = new SeededRandom(3)
  const spread = (width: number): number => (random.fraction() - 0.5) * width
  const shifts = Array.from({ length: seeds }, () => spread(20))
  const xs = Object.values(means)[0]!.map((_, at) => at)
  const series = Object.entries(means).map(([name, row]) => ({
    name,
    values: row.map(mean => shifts.map(shift => mean + shift + spread(noise))),
  }))
  return { xs, series }
}

const samples = samplesOf({ high: [9, 8, 7, 4], low: [8, 5, 3, 2], flat: [5, 5, 5, 5] })
const other = samplesOf({ high: [10, 9, 8, 5] })
const outcomeOf = (claim: Claim, of = samples): string => judge(claim, of, () => other).outcome

describe('a claim', () => {
  test.each<[Claim, string]>([
    [{ text: '', kind: 'falls', series: ['high', 'low'] }, 'holds'],
    [{ text: '', kind: 'rises', series: ['high'] }, 'does not hold'],
    [{ text: '', kind: 'falls' }, 'not decided'],
    [{ text: '', kind: 'falls', series: ['flat'], margin: 0.1 }, 'does not hold'],
    [{ text: '', kind: 'level', series: ['flat'], share: 0.1 }, 'holds'],
    [{ text: '', kind: 'level', series: ['high'], share: 0.1 }, 'does not hold'],
    [{ text: '', kind: 'above', higher: 'high', lower: 'low' }, 'holds'],
    [{ text: '', kind: 'above', higher: 'low', lower: 'high' }, 'does not hold'],
    [{ text: '', kind: 'above', higher: 'flat', lower: 'low' }, 'does not hold'],
    [{ text: '', kind: 'negative' }, 'does not hold'],
    [{ text: '', kind: 'falls faster', faster: 'low', slower: 'high', to: 2 }, 'holds'],
    [{ text: '', kind: 'falls faster', faster: 'high', slower: 'low', to: 2 }, 'does not hold'],
    [{ text: '', kind: 'highest', at: 'high', x: 0, among: ['high', 'low'] }, 'holds'],
    [{ text: '', kind: 'lowest', at: 'high', x: 3, among: ['high', 'low'] }, 'does not hold'],
    [{ text: '', kind: 'above last', series: ['high', 'low'] }, 'holds'],
    [{ text: '', kind: 'below last', series: ['low'] }, 'does not hold'],
    [{ text: '', kind: 'below figure', figure: 9, pairs: { low: 'high' } }, 'holds'],
  ])('%j: %s', (claim, outcome) => {
    expect(outcomeOf(claim)).toBe(outcome)
  })

  test('compares seeds with themselves: a spread that all share hides no difference', () => {
    const { weakest, holds } = judge({ text: '', kind: 'above', higher: 'high', lower: 'low' }, samples, () => other)
    expect(holds).toBe(true)
    expect(weakest).toMatchObject({ where: 'high over low at 0' })
    expect(weakest.high - weakest.low).toBeLessThan(0.3)
  })

  test('is not decided by one seed, nor by values that drown it', () => {
    const one = { ...samples, series: samples.series.map(row => ({ ...row, values: row.values.map(v => [v[0]!]) })) }
    expect(outcomeOf({ text: '', kind: 'above', higher: 'high', lower: 'low' }, one)).toBe('not decided')
    const loud = samplesOf({ high: [9, 8], low: [8.9, 7.9] }, 5)
    expect(outcomeOf({ text: '', kind: 'above', higher: 'high', lower: 'low' }, loud)).toBe('not decided')
  })

  test('about a series that is not there is a mistake in the table', () => {
    expect(() => outcomeOf({ text: '', kind: 'falls', series: ['none'] })).toThrow(RangeError)
  })
})
