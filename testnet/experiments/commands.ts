// The commands `experiment …`: what ships, one run, many seeds, a sweep, a run again. Exit code 0: pass, 1: fail, 4: nothing was shown.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import type { Command } from 'commander'
import { exitCodes } from '../../cli/common/errors.ts'
import { writeAtomic } from '../../cli/common/files.ts'
import { interruptible } from '../../cli/common/interrupt.ts'
import { type Output, outputOf, toJson } from '../../cli/common/output.ts'
import { wholeNumber, withExamples } from '../../cli/common/program.ts'
import { MupibError } from '../../proto/errors.ts'
import { allReport } from './all.ts'
import { inFolder, removeIfEmpty, writeRun } from './folder.ts'
import { type Experiment, findExperiment, shippedExperiments } from './library.ts'
import type { Measures } from './measures.ts'
import { type Problem, problemText } from './parse.ts'
import { compared, readRecorded } from './replay.ts'
import type { ExperimentReport } from './report.ts'
import { pathText } from './schema.ts'
import { seedsReport } from './seeds.ts'
import { readSetting, type Setting } from './settings.ts'
import { allText, listed, listText, replayText, reportText, seedsText, sweepText } from './summary.ts'
import type { EngineName } from './support.ts'
import { readSweep, type Sweep, type SweepReport, sweepCsv, sweepReport, sweepTrials } from './sweep.ts'
import { seedMax, seedsFrom, type Trial, trialOf } from './trial.ts'

interface RunOptions {
  readonly all?: true
  readonly simulated?: true
  readonly real?: true
  readonly seed: number
  readonly seeds?: number
  readonly set: readonly Setting[]
  readonly sweep?: Sweep
  readonly out?: string
}

const outcomeCodes = { pass: exitCodes.done, fail: exitCodes.refused, unknown: exitCodes.unknown } as const

function endWith(outcome: Measures['outcome']): void {
  process.exitCode = outcomeCodes[outcome]
}

/** Runs one trial and leaves everything of it in a folder. What runs it is loaded now: help and lists need none of it. */
async function runInto(trial: Trial, folder: string, output: Output, signal: AbortSignal): Promise<ExperimentReport> {
  const { runTrial } = await import('./run.ts')
  const own = path.join(folder, 'run')
  mkdirSync(own)
  const progress = (line: string): void => output.progress(line)
  const record = await runTrial(trial, { folder: own, progress, signal, isRepeated: true })
  removeIfEmpty(own)
  writeRun(folder, record)
  return record.report
}

async function runOnce(experiment: Experiment, options: RunOptions, output: Output, signal: AbortSignal) {
  const engine = engineOf(options)
  const trial = trialOf(experiment, options.set, engine, options.seed)
  const name = `${experiment.manifest.name}-${engine}-${options.seed}`
  const { report, folder } = await inFolder(options.out, name, async folder => ({
    folder,
    report: await runInto(trial, folder, output, signal),
  }))
  output.progress(`the report is ${path.join(folder, 'report.html')}`)
  output.result(report, () => reportText(report, folder))
  endWith(report.outcome)
}

async function runSeeds(experiment: Experiment, options: RunOptions, output: Output, signal: AbortSignal) {
  const engine = engineOf(options)
  const seeds = seedsFrom(options.seed, options.seeds!)
  const trials = seeds.map(seed => trialOf(experiment, options.set, engine, seed))
  const name = `${experiment.manifest.name}-${engine}-${seeds[0]}-to-${seeds.at(-1)}`
  const report = await inFolder(options.out, name, async folder => {
    const measures = await measure(trials, folder, true, output, signal)
    const report = seedsReport(experiment, trials, measures)
    // a simulation fails again in the same way, and then everything of it is kept
    const failed = trials.find(({ seed }) => seed === report.firstFailure?.seed)
    if (failed?.engine === 'simulated') await runInto(failed, folder, output, signal)
    writeAtomic(path.join(folder, 'seeds.json'), `${toJson(report, 2)}\n`)
    output.progress(`the results are in ${folder}`)
    return report
  })
  output.result(report, seedsText)
  endWith(report.outcome)
}

async function runAll(options: RunOptions, output: Output, signal: AbortSignal) {
  const engine = engineOf(options)
  const experiments = shippedExperiments()
  const seeds = seedsFrom(options.seed, options.seeds ?? 1)
  const trials = experiments.flatMap(one => seeds.map(seed => trialOf(one, options.set, engine, seed)))
  const report = await inFolder(options.out, `all-${engine}`, async folder => {
    const report = allReport(experiments, trials, await measure(trials, folder, false, output, signal))
    writeAtomic(path.join(folder, 'all.json'), `${toJson(report, 2)}\n`)
    output.progress(`the results are in ${folder}`)
    return report
  })
  output.result(report, allText)
  endWith(report.outcome)
}

/** Throws `usage` where nothing, or more than one thing, is to be run. */
async function runWanted(name: string | undefined, options: RunOptions, output: Output, signal: AbortSignal) {
  if ((name === undefined) !== (options.all === true) || (options.all && options.sweep))
    throw new MupibError('usage', 'one experiment is run, or with --all every one that ships', {
      hint: 'mupib experiment list shows what there is',
    })
  if (name === undefined) return runAll(options, output, signal)
  const experiment = findExperiment(name)
  if (options.sweep) return runSweep(experiment, options, options.sweep, output, signal)
  return (options.seeds === undefined ? runOnce : runSeeds)(experiment, options, output, signal)
}

async function runSweep(
  experiment: Experiment,
  options: RunOptions,
  sweep: Sweep,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const engine = engineOf(options)
  const trials = sweepTrials(experiment, options.set, sweep, engine, seedsFrom(options.seed, options.seeds ?? 1))
  const { command } = trialOf(experiment, options.set, engine, options.seed)
  const name = `${experiment.manifest.name}-${engine}-${pathText(sweep.path).replaceAll(/\W+/g, '-')}`
  const { report, folder } = await inFolder(options.out, name, async folder => {
    const runs = trials.map(({ trial }) => trial)
    const report = sweepReport(experiment, sweep, trials, await measure(runs, folder, false, output, signal), command)
    await writeSweep(folder, report)
    return { report, folder }
  })
  output.progress(`the results are in ${folder}; look at ${path.join(folder, 'sweep.html')}`)
  output.result(report, () => sweepText(report, folder))
  endWith(report.outcome)
}

async function measure(
  trials: readonly Trial[],
  folder: string,
  endsAtFailure: boolean,
  output: Output,
  signal: AbortSignal,
): Promise<Measures[]> {
  const { runTrials } = await import('./trials.ts')
  return runTrials(trials, { folder, progress: line => output.progress(line), signal, endsAtFailure })
}

async function writeSweep(folder: string, report: SweepReport): Promise<void> {
  const [{ drawSweep }, { sweepPage }] = await Promise.all([import('./sweep-picture.ts'), import('./sweep-page.ts')])
  const picture = drawSweep(report)
  writeAtomic(path.join(folder, 'sweep.csv'), sweepCsv(report))
  writeAtomic(path.join(folder, 'sweep.svg'), picture)
  writeAtomic(path.join(folder, 'sweep.html'), sweepPage(report, picture))
  writeAtomic(path.join(folder, 'sweep.json'), `${toJson(report, 2)}\n`)
}

/** Of several problems the error says the first; the others are told here. */
async function tellingAll<T>(output: Output, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof MupibError && !output.json) {
      const { file, problems = [] } = error.fields as { file?: string; problems?: readonly Problem[] }
      for (const problem of problems.slice(1)) output.progress(`${problemText(file ?? '', problem)} (${problem.hint})`)
    }
    throw error
  }
}

function engineOf({ simulated, real }: RunOptions): EngineName {
  if (simulated && real)
    throw new MupibError('usage', '--simulated and --real exclude each other', { hint: 'run it twice' })
  return real ? 'real' : 'simulated'
}

const collect = (text: string, before: readonly Setting[]): Setting[] => [...before, readSetting(text)]

function once(text: string, before: Sweep | undefined): Sweep {
  if (before)
    throw new MupibError('usage', 'one value can be swept at a time', { hint: 'set the other one with --set' })
  return readSweep(text)
}

function addRun(group: Command): void {
  withExamples(
    group
      .command('run')
      .argument('[experiment]', 'the name of one that ships, or a file')
      .description('run an experiment, and leave its report')
      .option('--all', 'every experiment that ships, one after the other')
      .option('--simulated', 'in one process, on a virtual clock (default)')
      .option('--real', 'with processes, sockets and stores')
      .option('--seed <n>', 'everything drawn at random follows from it', wholeNumber(0, seedMax), 1)
      .option('--seeds <n>', 'so many seeds from that one on, up to the first that fails', wholeNumber(1, 1_000_000))
      .option('--set <key=value>', 'another value for a part of the experiment; may be repeated', collect, [])
      .option('--sweep <key=values>', 'all seeds with each of these values, such as validators=4,7,10', once)
      .option('--out <dir>', 'write everything there (default: a new folder under ./experiments-out)')
      .action(async (name: string | undefined, options: RunOptions, command: Command) => {
        const output = outputOf(command)
        await interruptible(signal => tellingAll(output, () => runWanted(name, options, output, signal)))
      }),
    'mupib experiment run leader-crash',
    'mupib experiment run leader-crash --real --out ./crash',
    'mupib experiment run my.yaml --seeds 1000',
    'mupib experiment run --all --real --out ./all',
    'mupib experiment run slow-link --sweep validators=4,7,10 --seeds 5',
  )
}

/** In the folder that was asked for, or in one that is gone afterwards. */
async function inScratch<T>(asked: string | undefined, work: (folder: string) => Promise<T>): Promise<T> {
  if (asked !== undefined) return inFolder(asked, '', work)
  const folder = mkdtempSync(path.join(os.tmpdir(), 'mupib-replay-'))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function addReplay(group: Command): void {
  withExamples(
    group
      .command('replay')
      .argument('<report>', 'a report.json, or the folder that a run left')
      .description('run the experiment of a report again, and compare')
      .option('--out <dir>', 'keep the second run there')
      .action(async (name: string, options: { out?: string }, command: Command) => {
        const output = outputOf(command)
        const recorded = readRecorded(name)
        await interruptible(async signal => {
          const report = await inScratch(options.out, folder => runInto(recorded.trial, folder, output, signal))
          const replay = compared(recorded, report)
          output.result(replay, replayText)
          if (!replay.same) process.exitCode = exitCodes.refused
        })
      }),
    'mupib experiment replay experiments-out/leader-crash-simulated-1',
  )
}

/** Adds `experiment` with its subcommands. */
export function addExperimentCommands(program: Command): void {
  const group = program
    .command('experiment')
    .description('break a network on purpose, simulated or real, and see what holds')
  withExamples(
    group
      .command('list')
      .description('the experiments that ship')
      .action((_options: unknown, command: Command) => {
        outputOf(command).result(shippedExperiments().map(listed), listText)
      }),
    'mupib experiment list',
  )
  withExamples(
    group
      .command('show')
      .argument('<experiment>', 'the name of one that ships, or a file')
      .description('print the file of an experiment, to begin one of your own with')
      .action(async (name: string, _options: unknown, command: Command) => {
        await tellingAll(outputOf(command), async () => process.stdout.write(findExperiment(name).text))
      }),
    'mupib experiment show leader-crash > my.yaml',
  )
  addRun(group)
  addReplay(group)
}
