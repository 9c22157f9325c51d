// `testnet trace`: purchases from a seed, of a day of mixed users or after the paper's purchase model.
import * as path from 'node:path'
import { type Command, Option } from 'commander'
import { writeAtomic } from '../../cli/common/files.ts'
import { outputOf } from '../../cli/common/output.ts'
import { wholeNumber, withExamples } from '../../cli/common/program.ts'
import { MupibError } from '../../proto/errors.ts'
import { costsOf, perOption, tokenCounts, upToOne } from '../simulations/options.ts'
import { defaultSetting } from '../simulations/setting.ts'
import { dayModel, generateTrace } from './model.ts'
import { generatePaperTrace } from './paper.ts'
import { formatTrace, type Purchase } from './trace.ts'

interface TraceOptions {
  readonly model: 'day' | 'paper'
  readonly out: string
  readonly seed: number
  readonly users?: number
  readonly vendors?: number
  readonly purchases?: number
  readonly frequency?: number
  readonly cost?: readonly number[]
  readonly q?: number
  readonly per?: 'token' | 'transaction'
  readonly slots?: number
}

/** Options of one model alone; given with the other they would be ignored in silence. */
const ownOptions = {
  day: ['purchases'],
  paper: ['frequency', 'cost', 'q', 'per', 'slots'],
} as const

const seedMax = 2 ** 32 - 1
const paperSlots = 1_000

function day({ seed, users = dayModel.users, vendors = dayModel.vendors, purchases }: TraceOptions): Purchase[] {
  const wanted = purchases ?? dayModel.purchases
  const most = Math.floor((dayModel.durationMs / dayModel.slotMs) * users * 0.3)
  if (wanted > most)
    throw new MupibError('usage', `${wanted} purchases by ${users} users in a day are too many`, {
      hint: `at most ${most}: a user buys at most once a minute`,
    })
  return generateTrace({ ...dayModel, seed, users, vendors, purchases: wanted })
}

function paper(options: TraceOptions): Purchase[] {
  const costs = costsOf(options.cost ?? defaultSetting.costs, options.vendors)
  const purchases = generatePaperTrace({
    seed: options.seed,
    users: options.users ?? defaultSetting.users,
    costs,
    frequency: options.frequency ?? defaultSetting.frequency,
    doubleSpendRate: options.q ?? defaultSetting.doubleSpendRate,
    per: options.per ?? defaultSetting.per,
    slots: options.slots ?? paperSlots,
    tokenValue: 1n,
  })
  if (purchases.length === 0)
    throw new MupibError('usage', 'nothing is bought in these slots', {
      hint: 'give more slots, or a higher frequency',
    })
  return purchases
}

function refuseForeignOptions(options: TraceOptions): void {
  const other = options.model === 'day' ? 'paper' : 'day'
  const foreign = ownOptions[other].find(name => options[name] !== undefined)
  if (foreign !== undefined)
    throw new MupibError('usage', `--${foreign} is of the model "${other}"`, { hint: `give --model ${other}` })
}

/** Adds `trace` to `testnet`. */
export function addTraceCommand(testnet: Command): void {
  const { users, vendors, purchases } = dayModel
  withExamples(
    testnet
      .command('trace')
      .description('make a purchase trace from a seed')
      .requiredOption('--out <file>', 'CSV file to write')
      .addOption(
        new Option('--model <name>', 'a day of mixed users, or users of the paper’s purchase model')
          .choices(['day', 'paper'])
          .default('day'),
      )
      .option('--seed <n>', 'the same seed gives the same trace', wholeNumber(0, seedMax), dayModel.seed)
      .option('--users <n>', `how many users (default: ${users}; paper: 1)`, wholeNumber(1, 10_000))
      .option(
        '--vendors <n>',
        `how many vendors (default: ${vendors}; paper: one for each cost)`,
        wholeNumber(1, 10_000),
      )
      .option('--purchases <n>', `day: about how many purchases (default: ${purchases})`, wholeNumber(1, 1_000_000))
      .option('--frequency <f>', 'paper: probability that a user buys in a slot (default: 0.4)', upToOne)
      .option('--cost <tokens>', "paper: tokens of a product, or a list with each vendor's (default: 5)", tokenCounts)
      .option('--q <rate>', 'paper: probability of a double spend (default: 0.2)', upToOne)
      .addOption(perOption('paper: what q counts (default: token)'))
      .option('--slots <n>', `paper: slots of time (default: ${paperSlots})`, wholeNumber(1, 1_000_000))
      .action((options: TraceOptions, command: Command) => {
        refuseForeignOptions(options)
        const made = options.model === 'day' ? day(options) : paper(options)
        writeAtomic(options.out, formatTrace(made))
        outputOf(command).result(
          { file: path.resolve(options.out), model: options.model, seed: options.seed, purchases: made.length },
          result => `${result.purchases} purchases in ${result.file}, seed ${result.seed}`,
        )
      }),
    'mupib testnet trace --seed 7 --users 50 --out mine.csv',
    'mupib testnet trace --model paper --q 0.05 --cost 10,20 --slots 500 --out paper.csv',
  )
}
