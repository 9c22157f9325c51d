// `trust table`: what a trust model makes of a history of invalid tokens (eqs 3 to 5 and 7), block by block.
import { type Command, InvalidArgumentError, Option } from 'commander'
import { limits } from '../../proto/limits.ts'
import { type Rounding, roundings, type TrustModel, type TrustTerms, trustModels } from '../../proto/records.ts'
import { outputOf, table } from '../common/output.ts'
import { wholeNumber, withExamples } from '../common/program.ts'

interface TableOptions {
  readonly model: TrustModel
  readonly w0: number
  readonly invalid: readonly number[]
  readonly rounding: Rounding
}

const invalidTokens = wholeNumber(0, limits.blockTokens)

function parseInvalid(text: string): number[] {
  try {
    return text.split(',').map(count => invalidTokens(count.trim()))
  } catch {
    throw new InvalidArgumentError(`Invalid tokens of each block, from 0 to ${limits.blockTokens}, such as 5,5,0,3.`)
  }
}

/** Adds `trust`. */
export function addTrustCommands(program: Command): void {
  const trust = program.command('trust').description('trust and block sizes: what the models make of invalid tokens')
  withExamples(
    trust
      .command('table')
      .description("a new user's trust and block size W, one row for each decided block")
      .addOption(new Option('--model <model>', 'trust model').choices(Object.keys(trustModels)).makeOptionMandatory())
      .requiredOption(
        '--w0 <tokens>',
        `first block size, from 1 to ${limits.blockTokens}`,
        wholeNumber(1, limits.blockTokens),
      )
      .requiredOption('--invalid <counts>', 'invalid tokens in each block, with commas between', parseInvalid)
      .addOption(
        new Option('--rounding <how>', 'floor: of the last W; carry: of the W that was never rounded')
          .choices(Object.keys(roundings))
          .default('floor' satisfies Rounding),
      )
      .action(async ({ model, w0, invalid, rounding }: TableOptions, command: Command) => {
        const output = outputOf(command)
        const { explain } = await import('../auditor/trust.ts')
        const terms: TrustTerms = { w0, model, rounding }
        output.result(explain(terms, invalid), rows =>
          table(rows, [
            { head: 'block', cell: row => row.block, right: true },
            { head: 'beta', cell: row => row.beta, right: true },
            { head: 'gamma', cell: row => row.gamma, right: true },
            { head: 'trust', cell: row => row.trust, right: true },
            { head: 'x', cell: row => row.x, right: true },
            { head: 'W', cell: row => row.blockSize, right: true },
          ]),
        )
      }),
    'mupib trust table --model neutral --w0 100 --invalid 5,5,0,3',
    'mupib trust table --model optimistic --w0 50 --invalid 1,1,1 --rounding carry --json',
  )
}
