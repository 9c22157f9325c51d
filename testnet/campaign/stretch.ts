// A stretch of seeds of a campaign, run one after the other, and how stretches add up.
import { runTwice } from '../../consensus/invariants/determinism.ts'
import { bugNamed } from '../../consensus/simulator/bugs.ts'
import { runSchedule, type ScheduleResult } from '../../consensus/simulator/simulation.ts'
import { drawScenario } from './draw.ts'
import { exception, optionsOf, type Reproduction } from './scenario-file.ts'

/** Every so many seeds one schedule is run twice (I13). */
const repeatEvery = 100

export interface RunOrder {
  readonly type: 'run'
  readonly from: number
  readonly count: number
  /** Numbers of validators to choose from; 4 to 31 where there are none. */
  readonly sizes: readonly number[]
  readonly bug: string | undefined
}

/** What ran with one number of validators. */
export interface SizeRow {
  readonly validators: number
  readonly schedules: number
  /** Of these, nothing was final before faults ended. */
  readonly unknown: number
  /** Of these, at least one validator was an adversary. */
  readonly withAdversaries: number
  readonly events: number
  /** Blocks that became final, and views that it took. */
  readonly blocks: number
  readonly views: number
  /** The longest recovery as a share of what was allowed (I9). */
  readonly recoveryShareMax: number
}

export interface Stretch {
  readonly ran: number
  /** Over the trace hashes of all schedules, whatever their order. */
  readonly traces: number
  readonly rows: readonly SizeRow[]
  readonly failure: Reproduction | undefined
}

export const emptyStretch: Stretch = { ran: 0, traces: 0, rows: [], failure: undefined }

/** Runs the seeds until one fails. */
export function runStretch({ from, count, sizes, bug }: RunOrder): Stretch {
  let stretch = emptyStretch
  const wish = bug === undefined ? {} : bugNamed(bug)?.wish
  for (let seed = from; seed < from + count && !stretch.failure; seed++) {
    const scenario = drawScenario(seed, sizes, wish)
    const planted = bug === undefined ? {} : { bug }
    const options = optionsOf({ scenario, ...planted })
    try {
      const result = seed % repeatEvery === 0 ? runTwice(seed, options) : runSchedule(seed, options)
      stretch = addStretches(stretch, stretchOf(result, planted))
    } catch (error) {
      const failure = { seed, scenario, invariant: exception, text: String(error), ...planted }
      stretch = addStretches(stretch, { ...emptyStretch, ran: 1, failure })
    }
  }
  return stretch
}

function stretchOf(result: ScheduleResult, planted: Pick<Reproduction, 'bug'>): Stretch {
  const { seed, outcome, traceHash, scenario, events, height, view, recoveryMs, boundMs, violations } = result
  const row: SizeRow = {
    validators: scenario.validators,
    schedules: 1,
    unknown: outcome === 'unknown' ? 1 : 0,
    withAdversaries: scenario.byzantine.size > 0 ? 1 : 0,
    events,
    blocks: height,
    views: view,
    recoveryShareMax: (recoveryMs ?? 0) / boundMs,
  }
  const violation = violations[0]
  const failure = violation && {
    seed,
    scenario,
    invariant: violation.invariant,
    text: violation.text,
    ...planted,
  }
  const traces = (Number.parseInt(traceHash.slice(0, 8), 16) + seed) >>> 0
  return { ran: 1, traces, rows: [row], failure }
}

/** Both together; of two failures the one with the lower seed. */
export function addStretches(a: Stretch, b: Stretch): Stretch {
  const rows = new Map(a.rows.map(row => [row.validators, row]))
  for (const row of b.rows) {
    const known = rows.get(row.validators)
    rows.set(row.validators, known ? addRows(known, row) : row)
  }
  const failure = b.failure && (!a.failure || b.failure.seed < a.failure.seed) ? b.failure : a.failure
  return {
    ran: a.ran + b.ran,
    traces: (a.traces ^ b.traces) >>> 0,
    rows: [...rows.values()].sort((one, other) => one.validators - other.validators),
    failure,
  }
}

function addRows(a: SizeRow, b: SizeRow): SizeRow {
  return {
    validators: a.validators,
    schedules: a.schedules + b.schedules,
    unknown: a.unknown + b.unknown,
    withAdversaries: a.withAdversaries + b.withAdversaries,
    events: a.events + b.events,
    blocks: a.blocks + b.blocks,
    views: a.views + b.views,
    recoveryShareMax: Math.max(a.recoveryShareMax, b.recoveryShareMax),
  }
}
