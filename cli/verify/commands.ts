// `verify`: what a file proves, from the genesis file alone.
import type { Command } from 'commander'
import { outputOf, pairs } from '../common/output.ts'
import { withExamples } from '../common/program.ts'

/** Adds `verify`. */
export function addVerifyCommand(program: Command): void {
  withExamples(
    program
      .command('verify <file>')
      .description('check a proof, a trust history or evidence offline: what was proved, and by whom')
      .requiredOption('--genesis <file>', 'genesis file of the network')
      .action(async (file: string, options: { genesis: string }, command: Command) => {
        const output = outputOf(command)
        const { verifyFile } = await import('./verify.ts')
        const { result, lines } = verifyFile(file, options.genesis)
        output.result(result, () => pairs(lines))
      }),
    'mupib verify proof.json --genesis .mupib/genesis.json',
    'mupib verify evidence.json --genesis .mupib/genesis.json',
    'mupib verify trust.json --genesis .mupib/genesis.json',
  )
}
