// The commands `node …`: one validator.
import type { Command } from 'commander'
import { exitCodes } from '../common/errors.ts'
import { type Output, outputOf, pairs, short, table } from '../common/output.ts'
import { withExamples } from '../common/program.ts'
import type { ValidatorStatus } from './status.ts'

const shown = (value: unknown): string => (value === undefined || value === null ? '-' : String(value))

function peersText(peers: unknown): string {
  if (!Array.isArray(peers)) return '-'
  return `${peers.filter(peer => (peer as { connected?: unknown }).connected === true).length} of ${peers.length}`
}

function statusText(rows: readonly ValidatorStatus[]): string {
  const lines = table(rows, [
    { head: 'name', cell: row => shown(row.name) },
    { head: 'state', cell: row => shown(row.state) },
    { head: 'pid', cell: row => shown(row.pid), right: true },
    { head: 'height', cell: row => shown(row.height), right: true },
    { head: 'view', cell: row => shown(row.view), right: true },
    { head: 'state root', cell: row => short(shown(row.stateRoot)) },
    { head: 'peers', cell: row => peersText(row.peers) },
    { head: 'not voted', cell: row => (Array.isArray(row.notVoted) ? row.notVoted.join(' ') : '') },
  ])
  const reasons = rows.filter(row => row.reason !== undefined).map(row => `${shown(row.name)}: ${shown(row.reason)}`)
  return [lines, ...reasons].join('\n')
}

interface StatusOptions {
  readonly config?: string
  readonly http?: string
}

async function status(output: Output, options: StatusOptions): Promise<void> {
  const { askValidator, networkStatus } = await import('./status.ts')
  if (options.config !== undefined || options.http !== undefined) {
    const { answer } = await askValidator<ValidatorStatus>({ dir: output.dir, ...options }, '/status')
    return output.result(answer, row => statusText([row]))
  }
  const rows = await networkStatus(output.dir)
  output.result(rows, statusText)
  if (rows.every(({ state }) => state === 'dead' || state === 'silent')) process.exitCode = exitCodes.unreachable
}

/** Adds `node` with its subcommands. */
export function addNodeCommands(program: Command): void {
  const node = program.command('node').description('a validator: run it, look at it, check its store')
  withExamples(
    node,
    'mupib node start --config .mupib/validators/v1/config.json',
    'mupib node check --config .mupib/validators/v1/config.json',
  )
  addRunning(node)
  addOffline(node)
}

function addRunning(node: Command): void {
  withExamples(
    node
      .command('start')
      .description('run a validator until Ctrl-C; its log goes to stdout')
      .requiredOption('--config <file>', "the validator's config.json")
      .action(async (options: { config: string }, command: Command) => {
        const output = outputOf(command)
        const { startNode } = await import('./start.ts')
        await startNode(options.config, line => output.progress(line))
      }),
    'mupib node start --config .mupib/validators/v1/config.json',
  )
  withExamples(
    node
      .command('status')
      .description('what a validator says of itself, or all those whose folders lie in --dir')
      .option('--config <file>', "the validator's config.json")
      .option('--http <address>', 'where the validator answers')
      .action((options: StatusOptions, command: Command) => status(outputOf(command), options)),
    'mupib node status',
    'mupib node status --config .mupib/validators/v1/config.json --json',
    'mupib node status --http http://127.0.0.1:4080',
  )
}

function addOffline(node: Command): void {
  withExamples(
    node
      .command('check')
      .description('verify the whole store of a stopped validator offline: files, blocks, records, answers, state')
      .requiredOption('--config <file>', "the validator's config.json")
      .action(async (options: { config: string }, command: Command) => {
        const output = outputOf(command)
        const { checkNode } = await import('./check.ts')
        output.result(await checkNode(options.config, line => output.progress(line)), report =>
          pairs([
            ['height', report.height],
            ['state root', report.stateRoot],
            ['files', report.files],
            ['values', report.values],
            ['records', `${report.records} decided, ${report.pending} waiting`],
            ['state rows', report.stateRows],
            ['result', 'everything is what was written, and what a quorum signed'],
          ]),
        )
      }),
    'mupib node check --config .mupib/validators/v1/config.json',
  )
  withExamples(
    node
      .command('rejoin')
      .description('let a validator whose store was lost or is an old copy vote again, once that is safe')
      .requiredOption('--config <file>', "the validator's config.json")
      .action(async (options: { config: string }, command: Command) => {
        const output = outputOf(command)
        const { rejoinNode } = await import('./rejoin.ts')
        const done = await rejoinNode(options.config, output)
        output.result(done, ({ name }) => `${name} may rejoin: start it now`)
      }),
    'mupib node rejoin --config .mupib/validators/v1/config.json',
    'mupib node rejoin --yes --config .mupib/validators/v1/config.json',
  )
}
