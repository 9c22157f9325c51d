// The commands `testnet …`: options in, results out; what they do stands in the files that they call.
import * as path from 'node:path'
import { type Command, Option } from 'commander'
import { aborted, interruptible } from '../cli/common/interrupt.ts'
import { type Output, outputOf, pairs, short, table } from '../cli/common/output.ts'
import { wholeNumber } from '../cli/common/program.ts'
import { trustModels } from '../proto/records.ts'
import { killActor, pauseActor, restartActor, resumeActor, stopNetwork } from './control.ts'
import { addReportCommand } from './experiments/report/commands.ts'
import { addFaultCommands } from './faults-commands.ts'
import { type Actor, actorNamed, type NetworkFiles, networkExists, openNetwork } from './folders.ts'
import { generateNetwork } from './generate.ts'
import { readLogs } from './logs.ts'
import {
  defaultVendors,
  endText,
  type NetworkReport,
  type RunningNetwork,
  type UpOptions,
  upNetwork,
} from './network.ts'
import { addPrograms } from './programs.ts'
import { addReplayCommands } from './replay/commands.ts'
import { type ActorStatus, networkStatus } from './status.ts'
import { addTraceCommand } from './trace/commands.ts'

const networkOf = (output: Output): NetworkFiles => openNetwork(output.dir)

function reportText(report: NetworkReport): string {
  const rows = table(report.validators, [
    { head: 'validator', cell: row => row.name },
    { head: 'address', cell: row => row.multiaddr },
    { head: 'http', cell: row => row.http },
  ])
  return `${rows}\n${pairs([
    ['relay', report.relay?.http],
    ['bank', report.bank?.http],
    ...[...(report.auditors ?? []), ...(report.vendors ?? [])].map(({ name, http }) => [name, http] as const),
    ['directory', report.dir],
  ])}`
}

// In the foreground: stays until Ctrl-C, tells when a process ends meanwhile, and stops the rest.
async function stayUp(network: RunningNetwork, output: Output, signal: AbortSignal): Promise<void> {
  for (const { actor, ended } of network.processes.values())
    void ended.then(end => {
      if (!signal.aborted) output.progress(`${actor.name}: ${endText(end)}; its log is ${actor.logFile}`)
    })
  output.progress('the network is up; Ctrl-C stops it')
  await aborted(signal)
  output.progress('stopping')
  await network.stop()
}

function addUpAndDown(testnet: Command): void {
  testnet
    .command('up')
    .description('start a local network, making it first where there is none')
    .option('--validators <n>', 'how many validators (default: 4, or what the network has)', wholeNumber(1))
    .option(
      '--vendors <n>',
      `how many vendors (default: ${defaultVendors}, or what the network has)`,
      wholeNumber(0, 64),
    )
    .option('--auditors <n>', 'how many auditors (default: 1, or what the network has)', wholeNumber(1, 16))
    .option('--block-size <tokens>', "W0: tokens in a new user's blocks (default: 100)", wholeNumber(1, 1_024))
    .addOption(
      new Option('--trust-model <model>', "how a user's blocks shrink with invalid tokens (default: neutral)").choices(
        Object.keys(trustModels),
      ),
    )
    .option('--withholding <bp>', 'what auditors withhold, in basis points (default: 2000)', wholeNumber(0, 10_000))
    .option(
      '--base-port <port>',
      'use the ports from this one on (default: the system chooses)',
      wholeNumber(1, 65_535),
    )
    .option(
      '--no-relay',
      'have validators reach each other directly: partition, heal and delay need a relay between them',
    )
    .option('--detach', 'return when the network is up, and leave it running')
    .addHelpText(
      'after',
      '\nExamples:\n  mupib testnet up\n  mupib testnet up --validators 7 --detach --dir /tmp/seven\n  mupib testnet up --no-relay',
    )
    .action(async (options: UpOptions & { detach?: boolean }, command: Command) => {
      const output = outputOf(command)
      await interruptible(async signal => {
        const network = await upNetwork(output.dir, options, line => output.progress(line), signal)
        output.result(network.report, reportText)
        if (options.detach !== true) await stayUp(network, output, signal)
      })
    })
  testnet
    .command('down')
    .description('stop every process of the network; safe to repeat')
    .addHelpText('after', '\nExample:\n  mupib testnet down --dir /tmp/seven')
    .action(async (_options: unknown, command: Command) => {
      const output = outputOf(command)
      const endings = networkExists(output.dir) ? await stopNetwork(networkOf(output)) : new Map<string, string>()
      const named = (ending: string): string[] => [...endings].filter(([, how]) => how === ending).map(([name]) => name)
      const stopped = named('stopped')
      const killed = named('killed')
      output.result({ dir: path.resolve(output.dir), stopped, killed }, () => {
        if (stopped.length + killed.length === 0) return 'nothing was running'
        return pairs([
          ['stopped', stopped.join(', ') || undefined],
          ['had to be killed', killed.join(', ') || undefined],
        ])
      })
    })
}

const shown = (value: unknown): string => (value === undefined || value === null ? '-' : String(value))

const peersText = (peers: unknown): string => {
  if (!Array.isArray(peers)) return '-'
  const connected = peers.filter(peer => (peer as { connected?: unknown }).connected === true).length
  return `${connected} of ${peers.length}`
}

const reasonText = ({ reason, clock }: ActorStatus): string => {
  const shift = clock?.offsetMs ? `clock ${clock.offsetMs > 0 ? '+' : ''}${clock.offsetMs / 1_000} s` : undefined
  return [typeof reason === 'string' ? reason : undefined, shift].filter(text => text !== undefined).join('; ')
}

function statusText(rows: readonly ActorStatus[]): string {
  return table(rows, [
    { head: 'name', cell: row => row.name },
    { head: 'state', cell: row => row.state },
    { head: 'pid', cell: row => shown(row.pid), right: true },
    { head: 'height', cell: row => shown(row.height), right: true },
    { head: 'view', cell: row => shown(row.view), right: true },
    { head: 'state root', cell: row => short(shown(row.stateRoot)) },
    { head: 'peers', cell: row => peersText(row.peers) },
    { head: 'reason', cell: reasonText },
    { head: 'http', cell: row => shown(row.http) },
  ])
}

function addStatusAndLogs(testnet: Command): void {
  testnet
    .command('status')
    .description('what each process says of itself, the dead included')
    .addHelpText('after', '\nExample:\n  mupib testnet status --json')
    .action(async (_options: unknown, command: Command) => {
      const output = outputOf(command)
      const status = await networkStatus(networkOf(output))
      output.result(status, ({ validators, bank, auditor, auditors, vendors, relay }) =>
        statusText([...validators, bank, auditor, ...auditors, ...vendors, ...(relay ? [relay] : [])]),
      )
    })
  testnet
    .command('logs [name]')
    .description("the processes' logs")
    .option('-f, --follow', 'go on as they grow, until Ctrl-C')
    .option('-n, --lines <n>', 'how many lines of each to begin with', wholeNumber(0), 20)
    .addHelpText('after', '\nExamples:\n  mupib testnet logs v2 -f\n  mupib testnet logs -n 100')
    .action(async (name: string | undefined, options: { follow?: boolean; lines: number }, command: Command) => {
      const network = networkOf(outputOf(command))
      const actors = name === undefined ? network.actors : [actorNamed(network, name)]
      const write = (from: string, line: string): void =>
        void process.stdout.write(actors.length === 1 ? `${line}\n` : `${from}: ${line}\n`)
      await interruptible(signal => readLogs(actors, options.lines, write, options.follow ? signal : undefined))
    })
}

function addFaults(testnet: Command): void {
  const faults: readonly (readonly [string, string, string, (actor: Actor) => unknown])[] = [
    ['kill', 'end a process at once (kill -9)', 'dead', killActor],
    ['pause', 'stop a process where it stands', 'paused', pauseActor],
    ['resume', 'let a paused process go on', 'running', resumeActor],
    ['restart', 'stop a process where it runs, and start it again', 'running', restartActor],
  ]
  for (const [name, description, state, act] of faults)
    testnet
      .command(`${name} <name>`)
      .description(description)
      .addHelpText('after', `\nExample:\n  mupib testnet ${name} v2`)
      .action(async (actorName: string, _options: unknown, command: Command) => {
        const output = outputOf(command)
        const actor = actorNamed(networkOf(output), actorName)
        await act(actor)
        output.result({ name: actor.name, state }, result => `${result.name} is ${result.state}`)
      })
}

function addGenerate(testnet: Command): void {
  testnet
    .command('generate')
    .description('make the folders of a network over several machines, one for each host')
    .requiredOption('--hosts <list>', 'names or addresses of the hosts, each with :PORT where it is not 4001')
    .requiredOption('--out <dir>', 'new directory for the folders')
    .addHelpText(
      'after',
      '\nExample:\n  mupib testnet generate --hosts a.example.org,b.example.org,10.0.0.3,10.0.0.4 --out ./net',
    )
    .action(async (options: { hosts: string; out: string }, command: Command) => {
      const made = await generateNetwork(options.hosts, options.out)
      outputOf(command).result(made, ({ hosts, authority }) =>
        [
          ...hosts.map(({ host, validator, folder }) => `${validator}: copy ${folder} to ${host}:/var/lib/mupib`),
          `keep ${authority} offline: its key admits and revokes`,
        ].join('\n'),
      )
    })
}

/** Adds `testnet` with its subcommands. */
export function addTestnetCommands(program: Command): void {
  const testnet = program.command('testnet').description('local networks: start, watch, break, replay purchases')
  addUpAndDown(testnet)
  addStatusAndLogs(testnet)
  addFaults(testnet)
  addFaultCommands(testnet)
  addPrograms(testnet)
  addReportCommand(testnet)
  addGenerate(testnet)
  addTraceCommand(testnet)
  addReplayCommands(testnet)
}
