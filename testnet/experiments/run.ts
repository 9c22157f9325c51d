// Runs one trial: the engine that it asks for, the checkers over what was seen, the report. The one place where these parts are put together;
// an engine is loaded when it is needed.
import type { Engine, EngineOptions } from './engine.ts'
import type { RunRecord } from './folder.ts'
import { parseManifest } from './parse.ts'
import { buildReport } from './report/build.ts'
import { reportPage } from './report/page.ts'
import type { EngineName } from './support.ts'
import type { Trial } from './trial.ts'

const engines: Readonly<Record<EngineName, () => Promise<Engine>>> = {
  simulated: async () => (await import('./simulated/engine.ts')).simulatedEngine,
  real: async () => (await import('./real/engine.ts')).realEngine,
}

interface RunTrialOptions extends Omit<EngineOptions, 'seed'> {
  /** Run a simulation twice, and have the report say whether its trace was the same (I13). */
  readonly isRepeated: boolean
}

/** Runs a trial to its end. Throws `usage` where the engine cannot run it at all, `stopped` where the signal came. */
export async function runTrial(trial: Trial, { isRepeated, ...options }: RunTrialOptions): Promise<RunRecord> {
  const manifest = parseManifest(trial.text, trial.file)
  const engine = await engines[trial.engine]()
  const run = await engine(manifest, { ...options, seed: trial.seed })
  const again =
    isRepeated && trial.engine === 'simulated'
      ? await engine(manifest, { ...options, seed: trial.seed, progress: () => {} })
      : undefined
  const report = buildReport(manifest, { ...run, repeatedTraceHash: again?.traceHash }, trial.command)
  return { report, page: reportPage(report), history: run.history, text: trial.text }
}
