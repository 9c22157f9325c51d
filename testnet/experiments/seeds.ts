// One experiment with many seeds, up to the first that fails.
import type { Experiment } from './library.ts'
import { type Measures, outcomeOf } from './measures.ts'
import type { EngineName } from './support.ts'
import type { Trial } from './trial.ts'

const seedsFormat = 'mupib-seeds/1'

/** What many seeds of one experiment came to. */
export interface SeedsReport {
  readonly format: typeof seedsFormat
  readonly experiment: string
  readonly engine: EngineName
  readonly outcome: Measures['outcome']
  readonly seeds: { readonly first: number; readonly asked: number; readonly ran: number }
  readonly counts: Readonly<Record<Measures['outcome'], number>>
  /** The lowest seed that fails, and how to repeat it; null where none does. */
  readonly firstFailure: { readonly seed: number; readonly reasons: readonly string[]; readonly command: string } | null
  readonly command: string
  readonly runs: readonly ({ readonly seed: number } & Omit<Measures, 'version'>)[]
}

/** The report of trials with one seed after the other, of which the first ones were run and came to these measures. */
export function seedsReport(
  { manifest }: Experiment,
  trials: readonly Trial[],
  measures: readonly Measures[],
): SeedsReport {
  const [first] = trials
  const failed = measures.findIndex(({ outcome }) => outcome === 'fail')
  const count = (wanted: Measures['outcome']): number => measures.filter(({ outcome }) => outcome === wanted).length
  const failure = failed < 0 ? undefined : { ...trials[failed]!, reasons: measures[failed]!.reasons }
  return {
    format: seedsFormat,
    experiment: manifest.name,
    engine: first!.engine,
    outcome: outcomeOf(measures),
    seeds: { first: first!.seed, asked: trials.length, ran: measures.length },
    counts: { pass: count('pass'), fail: count('fail'), unknown: count('unknown') },
    firstFailure: failure ? { seed: failure.seed, reasons: failure.reasons, command: failure.command } : null,
    command: `${first!.command} --seeds ${trials.length}`,
    runs: measures.map(({ version: _, ...measured }, at) => ({ seed: trials[at]!.seed, ...measured })),
  }
}
