// Every experiment that ships with the same seeds on one engine: what each came to, and what the engine leaves out of it.
import type { Experiment } from './library.ts'
import { type Measures, outcomeOf } from './measures.ts'
import { type SeedsReport, seedsReport } from './seeds.ts'
import { type EngineName, leftOutBy } from './support.ts'
import type { Trial } from './trial.ts'

const allFormat = 'mupib-all/1'

export interface AllReport {
  readonly format: typeof allFormat
  readonly engine: EngineName
  readonly outcome: Measures['outcome']
  /** In the order of their names. */
  readonly experiments: readonly (SeedsReport & {
    readonly leftOut: readonly string[]
    /** Of runs that did not pass, each once. */
    readonly reasons: readonly string[]
  })[]
}

/** The report of experiments, each with as many trials as the others, that came to these measures. */
export function allReport(
  experiments: readonly Experiment[],
  trials: readonly Trial[],
  measures: readonly Measures[],
): AllReport {
  const each = trials.length / experiments.length
  const { engine } = trials[0]!
  return {
    format: allFormat,
    engine,
    outcome: outcomeOf(measures),
    experiments: experiments.map((experiment, at) => {
      const own = measures.slice(at * each, (at + 1) * each)
      return {
        ...seedsReport(experiment, trials.slice(at * each, (at + 1) * each), own),
        leftOut: leftOutBy(engine, experiment.manifest),
        reasons: [...new Set(own.flatMap(({ reasons }) => reasons))],
      }
    }),
  }
}
