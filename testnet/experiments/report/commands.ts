// `testnet report`: a page of what a network that runs (or ran) has done so far.
import * as path from 'node:path'
import type { Command } from 'commander'
import { writeAtomic } from '../../../cli/common/files.ts'
import { outputOf, pairs } from '../../../cli/common/output.ts'
import { openNetwork } from '../../folders.ts'

/** Adds `report` to `testnet`. */
export function addReportCommand(testnet: Command): void {
  testnet
    .command('report')
    .description('a page of what the network has done so far, from its logs and stores')
    .option('--out <file>', 'where the page goes (default: report.html in its directory)')
    .addHelpText('after', '\nExample:\n  mupib testnet report --out ./network.html')
    .action(async (options: { out?: string }, command: Command) => {
      const output = outputOf(command)
      const network = openNetwork(output.dir)
      // drawing takes a while to load, and no other command needs it
      const [{ runningNetwork }, { buildReport }, { reportPage }] = await Promise.all([
        import('./running.ts'),
        import('./build.ts'),
        import('./page.ts'),
      ])
      const { manifest, run } = await runningNetwork(network)
      const report = buildReport(manifest, run, `mupib testnet report --dir ${network.dir}`, { isByHand: true })
      const page = path.resolve(options.out ?? path.join(network.dir, 'report.html'))
      writeAtomic(page, reportPage(report))
      const { outcome, reasons, series, verdicts } = report
      const tokens = Object.values(verdicts).reduce((sum, count) => sum + count, 0)
      const blocks = series.blocks.reduce((sum, count) => sum + count, 0)
      output.result({ page, outcome, reasons, blocks, tokens }, result =>
        pairs([
          ['page', result.page],
          ['outcome', [result.outcome, ...result.reasons].join('\n')],
          ['blocks', result.blocks],
          ['tokens decided', result.tokens],
        ]),
      )
    })
}
