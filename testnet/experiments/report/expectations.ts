// What an experiment file expects beside the rules, and whether it came so.

import { decisionTimes, type Recovery, verdictBoundMs } from '../checkers/healing.ts'
import { endOf, eventsOf, phaseAt } from '../checkers/inquiry.ts'
import type { Run } from '../history.ts'
import type { Manifest } from '../manifest.ts'
import type { Expectation } from '../report.ts'
import { firstFinals } from './series.ts'

/** When the fault phase began and ended; of a run without one, the whole of it. */
export function faultPhase(run: Run): readonly [number, number] {
  return [phaseAt(run, 'faults') ?? 0, phaseAt(run, 'healed') ?? endOf(run)]
}

/** The longest time in the fault phase in which no record was decided, in milliseconds. */
function longestStall(run: Run): number {
  const [from, to] = faultPhase(run)
  const times = [from, ...decisionTimes(run).filter(at => at >= from && at <= to), to]
  return times.slice(1).reduce((longest, at, before) => Math.max(longest, at - times[before]!), 0)
}

/** What up to f dead leaders in a row may cost; what lasts longer is a stall. */
const stallMs = (run: Run): number => verdictBoundMs(run, Math.floor((run.validators.length - 1) / 3))

/** Tokens decided in each second of a stretch. */
function tokenRate(run: Run, from: number, to: number): number {
  const blocks = firstFinals(run).filter(({ at }) => at >= from && at < to)
  const tokens = blocks.reduce(
    (sum, { verdicts }) => sum + Object.values(verdicts).reduce((all, one) => all + one, 0),
    0,
  )
  return to <= from ? 0 : (tokens * 1_000) / (to - from)
}

const percent = (share: number): string => `${Math.round(share * 100)} %`

const atLeast = (least: number, what: string, count: number): Expectation => ({
  text: `at least ${least} ${what}: ${count}`,
  holds: count >= least,
})

/** What is expected of all sessions together. */
function sessionExpectations({ expect: { sessions } }: Manifest, run: Run): Expectation[] {
  if (!sessions) return []
  const { settled, contested, refused, served, reputation } = sessions
  const settlements = [...eventsOf(run, 'standing')].filter(({ state }) => state === 'settled')
  const found: Expectation[] = []
  for (const [by, least] of Object.entries(settled))
    found.push(atLeast(least, `sessions settled by ${by}`, settlements.filter(each => each.by === by).length))
  if (contested !== undefined) {
    const count = settlements.filter(({ contestedAt }) => contestedAt !== undefined).length
    found.push(atLeast(contested, 'closes certified as contested', count))
  }
  for (const [code, least] of Object.entries(refused)) {
    const count = [...eventsOf(run, 'denied')].filter(each => each.code === code).length
    found.push(atLeast(least, `refusals with ${code}`, count))
  }
  if (served !== undefined) {
    const count = [...eventsOf(run, 'service')].reduce((sum, { arrived }) => sum + arrived, 0)
    found.push(atLeast(served, 'units that arrived', count))
  }
  if (reputation !== undefined) {
    const clients = new Set([...eventsOf(run, 'session')].map(({ client }) => client))
    const told = [...eventsOf(run, 'account')].filter(({ party }) => clients.has(party))
    const reputations = told.map(each => each.reputation)
    const text = `the bank has every client at ${reputation}: ${reputations.join(', ') || 'it told of none'}`
    found.push({ text, holds: reputations.length > 0 && reputations.every(each => each === reputation) })
  }
  return found
}

/** In the order of the file. */
export function expectationsOf(
  manifest: Manifest,
  run: Run,
  verdicts: Readonly<Record<string, number>>,
  recovery: Recovery | undefined,
): Expectation[] {
  const { expect } = manifest
  const found: Expectation[] = []
  for (const [verdict, least] of Object.entries(expect.verdicts)) {
    const count = verdicts[verdict] ?? 0
    found.push({ text: `at least ${least} tokens with verdict ${verdict}: ${count}`, holds: count >= least })
  }
  if (expect.stalls !== undefined) {
    const longest = longestStall(run)
    const text = `${expect.stalls ? 'nothing is decided' : 'something is decided at least'} ${expect.stalls ? 'for more than' : 'every'} ${stallMs(run)} ms of the fault phase: at most ${Math.round(longest)} ms passed without a decision`
    found.push({ text, holds: longest > stallMs(run) === expect.stalls })
  }
  if (expect.delivered !== undefined) {
    const delivered = [...eventsOf(run, 'payment')].filter(({ outcome }) => outcome === 'delivered').length
    found.push({
      text: `at least ${expect.delivered} payments delivered: ${delivered}`,
      holds: delivered >= expect.delivered,
    })
  }
  if (expect.recoversIn !== undefined) {
    const took = recovery?.ms
    const text = `the next verdict within ${expect.recoversIn} ms of healing: ${took === undefined ? 'none was seen' : `${Math.round(took)} ms`}`
    found.push({ text, holds: took !== undefined && took <= expect.recoversIn })
  }
  if (expect.rateKept !== undefined) {
    const [from, to] = faultPhase(run)
    const before = tokenRate(run, phaseAt(run, 'warmUp') ?? 0, from)
    const kept = before === 0 ? 0 : tokenRate(run, from, to) / before
    found.push({
      text: `at least ${percent(expect.rateKept)} of the rate before the faults: ${percent(kept)}`,
      holds: kept >= expect.rateKept,
    })
  }
  return [...found, ...sessionExpectations(manifest, run)]
}
