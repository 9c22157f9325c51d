// `simulate`: the first paper's simulations on the auditor's own code. One setting with `run`, the paper's figures with `figure`.
import { mkdirSync } from 'node:fs'
import * as path from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { writeAtomic } from '../../cli/common/files.ts'
import { type Output, outputOf, pairs, table, toJson } from '../../cli/common/output.ts'
import { wholeNumber, withExamples } from '../../cli/common/program.ts'
import { rounded } from '../../cli/common/statistics.ts'
import { type TrustModel, trustModels } from '../../proto/records.ts'
import { countOutcomes, type FigureReport, figureCsv, figureNamed, runFigures } from './figure.ts'
import { type FigureName, figures } from './figures.ts'
import { costsOf, perOption, tokenCounts, upToOne } from './options.ts'
import { type RunReport, runReport } from './report.ts'
import { defaultSetting, type Setting } from './setting.ts'

const slotsDefault = 1_000
const runSeeds = 200
const slotsMax = 1_000_000
const seedsMax = 10_000

interface RunOptions {
  readonly model: TrustModel
  readonly w0: number
  readonly frequency: number
  readonly cost: readonly number[]
  readonly q: number
  readonly per: Setting['per']
  readonly users: number
  readonly vendors?: number
  readonly sharing: Setting['sharing']
  readonly withholding: number
  readonly early: number
  readonly slots: number
  readonly seeds: number
}

const settingOf = (options: RunOptions): Setting => ({
  model: options.model,
  initialBlockSize: options.w0,
  frequency: options.frequency,
  costs: costsOf(options.cost, options.vendors),
  doubleSpendRate: options.q,
  per: options.per,
  users: options.users,
  sharing: options.sharing,
  withholdingBp: options.withholding,
  earlyBp: options.early,
})

const interval = (ci95: readonly [number, number] | null): string =>
  ci95 === null ? '' : ` (95 %: ${rounded(ci95[0], 3)} to ${rounded(ci95[1], 3)})`

const runText = (report: RunReport): string =>
  pairs([
    ['mean W per slot', `${rounded(report.meanBlockSize, 3)}${interval(report.ci95)}`],
    ['mean risk of a block', `${rounded(report.meanRisk, 3)}${interval(report.riskCi95)}`],
    ['risk of a run', rounded(report.totalRisk, 2)],
    ['paid for invalid tokens', rounded(report.grossLoss, 2)],
    ['largest exposure', `${rounded(report.largestExposure, 1)} tokens delivered and not yet decided`],
    ['token blocks', rounded(report.blocks, 1)],
    ['purchases', rounded(report.purchases, 1)],
    ['delivered at once', rounded(report.deliveredAtOnce, 1)],
    ['delivered after waiting', rounded(report.deliveredAfterWaiting, 1)],
    ['rejected', `${rounded(report.rejected, 1)}, ${rounded(report.blocked, 1)} of them because W was 0`],
    ['that wait', `${rounded(100 * report.waitedShare, 2)} %`],
    ['means over', `${report.seeds} seeds of ${report.slots} slots`],
  ])

function addRun(simulate: Command): void {
  const { initialBlockSize, frequency, costs, doubleSpendRate, users, withholdingBp, earlyBp } = defaultSetting
  withExamples(
    simulate
      .command('run')
      .description('one setting over several seeds')
      .addOption(
        new Option('--model <name>', 'trust model').choices(Object.keys(trustModels)).default(defaultSetting.model),
      )
      .option('--w0 <tokens>', 'block size to begin with', wholeNumber(1, 100_000), initialBlockSize)
      .option('--frequency <f>', 'probability that a user buys in a slot', upToOne, frequency)
      .option('--cost <tokens>', "tokens of a product, or a list with each vendor's", tokenCounts, [...costs])
      .option('--q <rate>', 'probability of a double spend', upToOne, doubleSpendRate)
      .addOption(perOption('what q counts').default(defaultSetting.per))
      .option('--users <n>', 'how many users', wholeNumber(1, 10_000), users)
      .addOption(
        new Option('--sharing <how>', 'each user with a W of its own, or all with one')
          .choices(['own', 'shared'])
          .default(defaultSetting.sharing),
      )
      .option('--vendors <n>', 'how many vendors (default: one for each cost)', wholeNumber(1, 10_000))
      .option('--withholding <bp>', 'withholding of payment, in basis points', wholeNumber(0, 10_000), withholdingBp)
      .option('--early <bp>', 'check a queue at this share of W, in basis points', wholeNumber(1, 10_000), earlyBp)
      .option('--slots <n>', 'slots of time', wholeNumber(1, slotsMax), slotsDefault)
      .option('--seeds <n>', 'seeds 1 to n', wholeNumber(1, seedsMax), runSeeds)
      .action((options: RunOptions, command: Command) => {
        outputOf(command).result(runReport(settingOf(options), options), runText)
      }),
    'mupib simulate run --model pessimistic --w0 100 --frequency 0.4 --cost 5 --q 0.05',
    'mupib simulate run --model optimistic --q 0.2 --per transaction --vendors 2 --cost 10,20 --json',
  )
}

const figureNames: readonly FigureName[] = [...figures.map(({ figure }) => figure), 'early']

function readFigures(text: string): FigureName[] {
  if (text === 'all') return figures.map(({ figure }) => figure)
  const found = figureNames.find(name => String(name) === text)
  if (found === undefined) throw new InvalidArgumentError(`One of ${figureNames.join(', ')}, all.`)
  return [found]
}

function figureText(report: FigureReport): string {
  const values = table(report.series, [
    { head: report.vary, cell: ({ name }) => name },
    ...(report.series[0]?.points ?? []).map(({ x }, at) => ({
      head: String(x),
      cell: ({ points }: FigureReport['series'][number]) => String(rounded(points[at]!.mean, 2)),
      right: true,
    })),
  ])
  const claims = report.claims.map(({ text, outcome, weakest }) =>
    outcome === 'holds' ? `  holds          ${text}` : `  ${outcome.padEnd(13)}  ${text}: ${weakest.where}`,
  )
  const name = report.figure === 'early' ? '' : `Figure ${report.figure}: `
  return `${name}${report.title}\n${values}\n${claims.join('\n')}\n`
}

async function writeFigures(reports: readonly FigureReport[], dir: string): Promise<void> {
  const [{ drawChart }, { chartOf }] = await Promise.all([import('../chart.ts'), import('./picture.ts')])
  mkdirSync(dir, { recursive: true })
  for (const report of reports) {
    const name = report.figure === 'early' ? 'early' : `figure-${report.figure}`
    writeAtomic(path.join(dir, `${name}.json`), `${toJson(report, 2)}\n`)
    writeAtomic(path.join(dir, `${name}.csv`), figureCsv(report))
    writeAtomic(path.join(dir, `${name}.svg`), drawChart(chartOf(report)))
  }
}

async function figure(names: readonly FigureName[], options: FigureOptions, output: Output): Promise<void> {
  const { out, ...run } = options
  const reports = await runFigures(names.map(figureNamed), { ...run, onProgress: line => output.progress(line) })
  if (out !== undefined) {
    await writeFigures(reports, out)
    output.progress(`data and pictures are in ${path.resolve(out)}`)
  }
  const [only] = reports
  if (names.length === 1) return output.result(only!, figureText)
  const { holds, ...others } = countOutcomes(reports)
  output.result({ figures: reports }, () =>
    [
      ...reports.map(figureText),
      `${holds} claims hold, ${others['does not hold']} do not, ${others['not decided']} are not decided by these seeds`,
    ].join('\n'),
  )
}

interface FigureOptions {
  readonly seeds?: number
  readonly slots: number
  readonly out?: string
}

function addFigure(simulate: Command): void {
  withExamples(
    simulate
      .command('figure')
      .argument('<which>', `${figureNames.join(', ')} or all (3 to 12)`, readFigures)
      .description("the paper's figures: data, pictures, and whether each of its claims holds")
      .option('--seeds <n>', 'seeds 1 to n (default: 20 to 200, by figure)', wholeNumber(1, seedsMax))
      .option('--slots <n>', 'slots of time', wholeNumber(1, slotsMax), slotsDefault)
      .option('--out <dir>', 'write CSV, JSON and SVG there')
      .action((names: readonly FigureName[], options: FigureOptions, command: Command) =>
        figure(names, options, outputOf(command)),
      ),
    'mupib simulate figure 3',
    'mupib simulate figure all --seeds 40 --out ./figures',
    'mupib simulate figure early',
  )
}

/** Adds `simulate` with its subcommands. */
export function addSimulateCommands(program: Command): void {
  const simulate = program.command('simulate').description("the paper's simulations, on the auditor's own rules")
  addRun(simulate)
  addFigure(simulate)
}
