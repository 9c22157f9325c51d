// The trace format: what is read, what is refused and how the refusal helps, and that the shipped trace is the generator's.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { MupibError } from '../../proto/errors.ts'
import { dayModel, generateTrace } from './model.ts'
import { generatePaperTrace, type PaperTrace } from './paper.ts'
import { behaviours, formatTrace, parseTrace, readTrace } from './trace.ts'

const header = 'time,user,vendor,item,price,behaviour'

function refusalOf(text: string): MupibError {
  try {
    parseTrace(text)
  } catch (error) {
    if (error instanceof MupibError) return error
    throw error
  }
  throw new Error('accepted')
}

describe('parseTrace', () => {
  test('reads purchases; without a behaviour they are honest, without a zone times are UTC', () => {
    const text = 'user,time,vendor,item,price\nanna,2026-03-02 08:15,news,"an article, long",2\n'
    expect(parseTrace(text)).toEqual([
      {
        time: Date.UTC(2026, 2, 2, 8, 15),
        user: 'anna',
        vendor: 'news',
        item: 'an article, long',
        price: 2n,
        behaviour: 'honest',
      },
    ])
  })

  test.each([
    ['time,user,vendor,item\n', 1, /no column "price"/],
    [`${header},colour\n`, 1, /no column is called "colour"/],
    [`${header}\n`, 1, /no purchase/],
    [
      `${header}\n2026-03-02T08:00:00Z,anna,news,article,2,honest\nyesterday,anna,news,article,2,honest\n`,
      3,
      /no time/,
    ],
    [`${header}\n2026-13-02T08:00:00Z,anna,news,article,2,honest\n`, 2, /no time/],
    [`${header}\n2026-03-02T08:00:00Z,anna,news,article,0,honest\n`, 2, /no price/],
    [`${header}\n2026-03-02T08:00:00Z,anna,news,article,1.5,honest\n`, 2, /no price/],
    [`${header}\n2026-03-02T08:00:00Z,Anna B,news,article,2,honest\n`, 2, /no name of a user/],
    [`${header}\n2026-03-02T08:00:00Z,anna,news,article,2,nice\n`, 2, /no behaviour/],
    [`${header}\n2026-03-02T08:00:00Z,anna,news,article,2,honest:1\n`, 2, /no behaviour/],
    [`${header}\n2026-03-02T08:00:00Z,anna,news,article,2,double-spend:0\n`, 2, /no behaviour/],
    [`${header}\n2026-03-02T08:00:00Z,anna,news,article,2,double-spend:1:2\n`, 2, /no behaviour/],
    [`${header}\n2026-03-02T08:00:00Z,anna,news,,2,honest\n`, 2, /no name or too long/],
    [`${header}\n2026-03-02T08:00:00Z,anna,news,article,2,honest,more\n`, 2, /more or fewer fields/],
    [`${header}\n2026-03-02T08:00:01Z,a,b,c,2,\n2026-03-02T08:00:00Z,a,b,c,2,\n`, 3, /earlier than the line before/],
    [`${header}\n2026-03-02T08:00:00Z,anna,news,"article,2,honest\n`, 2, /./],
  ])('refuses %j with line %i and a hint', (text, line, message) => {
    const refusal = refusalOf(text)
    expect(refusal.code).toBe('bad_input')
    expect(refusal.fields.line).toBe(line)
    expect(refusal.message).toMatch(message)
    expect(refusal.hint).toBeTruthy()
  })

  test('a double spend may say of how many tokens, and is written as it was read', () => {
    const lines = ['anna,news,article,4,double-spend:3', 'anna,news,article,4,double-spend']
    const text = `${header}\n${lines.map(line => `2026-03-02T08:00:00Z,${line}\n`).join('')}`
    const purchases = parseTrace(text)
    expect(purchases.map(({ doubleSpends }) => doubleSpends)).toEqual([3, undefined])
    expect(formatTrace(purchases)).toBe(text)
  })

  test('names the file', () => {
    expect(() => readTrace('/nowhere/trace.csv')).toThrow(/\/nowhere\/trace\.csv/)
  })
})

describe('generateTrace', () => {
  test('the same seed gives the same trace, another seed another', () => {
    const purchases = generateTrace(dayModel)
    expect(formatTrace(generateTrace(dayModel))).toBe(formatTrace(purchases))
    expect(formatTrace(generateTrace({ ...dayModel, seed: 2 }))).not.toBe(formatTrace(purchases))
  })

  test('is read back as it was made, and is the trace that ships', () => {
    const purchases = generateTrace(dayModel)
    expect(parseTrace(formatTrace(purchases))).toEqual(purchases)
    expect(readFileSync(new URL('../traces/day.csv', import.meta.url), 'utf8')).toBe(formatTrace(purchases))
  })

  test('the shipped trace holds some 2,000 purchases by 20 users at 5 vendors, with every behaviour', () => {
    const purchases = generateTrace(dayModel)
    expect(purchases.length).toBeGreaterThan(1_800)
    expect(purchases.length).toBeLessThan(2_200)
    expect(new Set(purchases.map(purchase => purchase.user)).size).toBe(20)
    expect(new Set(purchases.map(purchase => purchase.vendor)).size).toBe(5)
    expect(new Set(purchases.map(purchase => purchase.behaviour))).toEqual(new Set(behaviours))
  })
})

describe('generatePaperTrace', () => {
  const model: PaperTrace = {
    seed: 3,
    users: 4,
    slots: 2_000,
    costs: [2, 6],
    frequency: 0.25,
    doubleSpendRate: 0.1,
    per: 'token',
    tokenValue: 10n,
  }

  test('users buy at the given rate, at every vendor alike, and cheat at the given rate', () => {
    const purchases = generatePaperTrace(model)
    expect(purchases.length / (model.users * model.slots)).toBeCloseTo(model.frequency, 1)
    const atFirst = purchases.filter(({ vendor }) => vendor === 'vendor-01')
    expect(atFirst.length / purchases.length).toBeCloseTo(0.5, 1)
    expect(atFirst.every(({ price }) => price === 20n)).toBe(true)
    const tokens = purchases.reduce((sum, { price }) => sum + Number(price / model.tokenValue), 0)
    const again = purchases.reduce((sum, { doubleSpends = 0 }) => sum + doubleSpends, 0)
    expect(again / tokens).toBeCloseTo(model.doubleSpendRate, 1)
    expect(parseTrace(formatTrace(purchases))).toEqual(purchases)
  })

  test('with q of transactions, one token of a purchase is spent again at most', () => {
    const purchases = generatePaperTrace({ ...model, per: 'transaction' })
    expect(new Set(purchases.map(({ doubleSpends }) => doubleSpends))).toEqual(new Set([undefined, 1]))
  })
})
