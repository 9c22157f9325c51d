// `verify`: what a proof file proves, from the genesis file alone.
import type { Command } from 'commander'
import { isoTime, outputOf, pairs } from '../common/output.ts'
import { withExamples } from '../common/program.ts'

/** Adds `verify`. */
export function addVerifyCommand(program: Command): void {
  withExamples(
    program
      .command('verify <proof>')
      .description('check a proof file offline: what was proved, and by whom')
      .requiredOption('--genesis <file>', 'genesis file of the network')
      .action(async (file: string, options: { genesis: string }, command: Command) => {
        const output = outputOf(command)
        const { verifyFile } = await import('./verify.ts')
        const proved = verifyFile(file, options.genesis)
        output.result(proved, result =>
          pairs([
            ['proved', result.statement],
            ['network', result.network],
            ['record', `${result.record.digest} (${result.record.kind} ${result.record.number})`],
            ['block', `${result.height}, ${isoTime(Date.parse(result.time))}`],
            ['certified by', result.validators.join(', ')],
          ]),
        )
      }),
    'mupib verify proof.json --genesis .mupib/genesis.json',
  )
}
