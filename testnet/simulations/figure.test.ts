// Figures from settings to files: the same bytes from the same seeds, claims that can fail, pictures that stand alone.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { drawChart } from '../chart.ts'
import { figureCsv, figureNamed, runFigures } from './figure.ts'
import { earlyFigure, figures } from './figures.ts'
import { chartOf } from './picture.ts'

describe('runFigures', () => {
  test('the same seeds give the same CSV and picture, more seeds another', async () => {
    const figure = figureNamed(3)
    const [first] = await runFigures([figure], { seeds: 3, slots: 60 })
    const [again] = await runFigures([figure], { seeds: 3, slots: 60 })
    const [more] = await runFigures([figure], { seeds: 4, slots: 60 })
    expect(figureCsv(again!)).toBe(figureCsv(first!))
    expect(drawChart(chartOf(again!))).toBe(drawChart(chartOf(first!)))
    expect(figureCsv(more!)).not.toBe(figureCsv(first!))
  })

  test('a claim that is turned round does not hold', async () => {
    const figure = figureNamed(3)
    const claims = [
      { text: 'planted', kind: 'above', higher: 'pessimistic', lower: 'optimistic', from: 0.1 },
      { text: 'true', kind: 'above', higher: 'optimistic', lower: 'pessimistic', from: 0.1 },
    ] as const
    const [report] = await runFigures([{ ...figure, claims }], { seeds: 8, slots: 300 })
    expect(report!.claims.map(({ holds, outcome }) => [holds, outcome])).toEqual([
      [false, 'does not hold'],
      [true, 'holds'],
    ])
  })

  test('every figure runs, names its series rightly in its claims, and is a small picture of its own', async () => {
    const reports = await runFigures([...figures, earlyFigure], { seeds: 2, slots: 12 })
    expect(reports.map(({ figure }) => figure)).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 'early'])
    for (const report of reports) {
      const svg = drawChart(chartOf(report))
      expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/)
      expect(svg).not.toMatch(/NaN|undefined/)
      expect(svg.length).toBeLessThan(60_000)
      expect(report.claims.length).toBeGreaterThan(2)
    }
  })
})

test('the documentation shows every figure with every claim', () => {
  const page = readFileSync(new URL('../../docs/simulations.md', import.meta.url), 'utf8')
  for (const { figure, claims } of [...figures, earlyFigure]) {
    expect(page).toContain(figure === 'early' ? '/early.svg' : `/figure-${figure}.svg`)
    expect(claims.filter(({ text }) => !page.includes(text))).toEqual([])
  }
})
