// A stretch of simulated schedules, run one after the other: of the vote, or of the whole ledger. What `npm run sim` has done on every core.
import type { AdversaryName } from '../consensus/adversaries/index.ts'
import { runTwice } from '../consensus/invariants/determinism.ts'
import { bugNamed } from '../consensus/simulator/bugs.ts'
import { runSchedule, type ScheduleOptions, type ScheduleResult } from '../consensus/simulator/simulation.ts'
import { plantedBugNamed } from './experiments/simulated/bugs.ts'
import { checkSimulated } from './experiments/simulated/checks.ts'
import { type LedgerScheduleResult, runLedgerSchedule } from './experiments/simulated/schedule.ts'

/** What is run, whatever the seed. */
export interface Wish {
  readonly validators: number | undefined
  readonly adversary: AdversaryName | undefined
  readonly byzantine: number | undefined
  readonly hasRealKeys: boolean
  readonly isOfLedger: boolean
  /** The planted bug's name. */
  readonly bug: string | undefined
}

export interface SeedsOrder extends Wish {
  readonly from: number
  readonly count: number
}

/** What came of a run of seeds. */
export interface SeedsSum {
  readonly ran: number
  readonly unknown: number
  /** Over all traces; the order of the seeds does not matter. */
  readonly hash: number
  readonly failure: { readonly seed: number; readonly text: string } | undefined
}

export const emptySum: SeedsSum = { ran: 0, unknown: 0, hash: 0, failure: undefined }

/** The lowest failing seed is the one that is told. */
export function addSums(a: SeedsSum, b: SeedsSum): SeedsSum {
  const first = b.failure && (!a.failure || b.failure.seed < a.failure.seed) ? b.failure : a.failure
  return { ran: a.ran + b.ran, unknown: a.unknown + b.unknown, hash: (a.hash ^ b.hash) >>> 0, failure: first }
}

/** Every so many seeds one schedule is run twice (I13). */
const repeatEvery = 100

/** Up to the first seed that fails. */
export function runSeeds(order: SeedsOrder): SeedsSum {
  const { from, count } = order
  let sum = emptySum
  for (let seed = from; seed < from + count && !sum.failure; seed++) {
    const result = isWhole(order) ? runWhole(seed, order.bug) : runVote(seed, order)
    sum = addSums(sum, {
      ran: 1,
      unknown: result.outcome === 'unknown' ? 1 : 0,
      hash: (Number.parseInt(result.traceHash.slice(0, 8), 16) + seed) >>> 0,
      failure: result.outcome === 'fail' ? { seed, text: describeAny(result) } : undefined,
    })
  }
  return sum
}

/** Whether the ledger with its parties is to be run, rather than the vote alone. */
export const isWhole = ({ isOfLedger, bug }: Wish): boolean =>
  isOfLedger || (bug !== undefined && plantedBugNamed(bug) !== undefined)

/** What a schedule of the vote is run with. */
export function scheduleOptions({ bug: name, hasRealKeys, validators, adversary, byzantine }: Wish): ScheduleOptions {
  const bug = name === undefined ? undefined : bugNamed(name)
  return {
    ...(bug ? { bug } : {}),
    hasRealKeys,
    // A wish that is not there must not hide what the bug asks for.
    wish: {
      ...(validators === undefined ? {} : { validators }),
      ...(adversary === undefined ? {} : { adversary }),
      ...(byzantine === undefined ? {} : { byzantine }),
    },
  }
}

const runVote = (seed: number, wish: Wish): ScheduleResult =>
  seed % repeatEvery === 0 ? runTwice(seed, scheduleOptions(wish)) : runSchedule(seed, scheduleOptions(wish))

/** Now and then twice, which must come to the same (I13). */
export function runWhole(seed: number, bug: string | undefined, print?: (line: string) => void): LedgerScheduleResult {
  const options = { check: checkSimulated, bug: bug === undefined ? undefined : plantedBugNamed(bug), print }
  const result = runLedgerSchedule(seed, options)
  if (seed % repeatEvery !== 0 || print) return result
  const again = runLedgerSchedule(seed, options).traceHash
  if (again === result.traceHash) return result
  const text = `two traces of one seed: ${result.traceHash.slice(0, 16)}, ${again.slice(0, 16)}`
  return { ...result, outcome: 'fail', violations: [{ invariant: 'I13', text }] }
}

export function describeAny(result: ScheduleResult | LedgerScheduleResult): string {
  if ('scenario' in result) return describe(result)
  const { network, faults } = result.manifest
  const who = Object.entries(network.byzantine).map(([node, name]) => `${node} ${name}`)
  const what = faults.map(({ action }) => action)
  const lines = result.violations.map(({ invariant, text }) => `${invariant} ${text}`)
  return `${lines.join('\n  ')}\n  (${[`${network.validators} validators`, ...who, ...what].join(', ')})`
}

export function describe({ violations, scenario }: ScheduleResult): string {
  const { validators, byzantine } = scenario
  const who = [...byzantine].map(([node, name]) => `n${node} ${name}`).join(', ')
  const setting = `${validators} validators${who ? `, ${who}` : ''}`
  return `${violations.map(({ invariant, at, text }) => `${invariant} at ${at} ms: ${text}`).join('\n  ')}\n  (${setting})`
}
