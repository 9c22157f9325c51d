// The command line: the one place where commands are put together. A group of commands is loaded when it is asked for, and what one of them
// needs when it runs, so that help is quick.
import { readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import { Command, CommanderError } from 'commander'
import { MupibError } from '../proto/errors.ts'
import { addCompletionCommand } from './common/completion.ts'
import { errorText, exitCodeOf, exitCodes } from './common/errors.ts'
import { defaultDir } from './common/output.ts'
import { withExamples } from './common/program.ts'

interface Group {
  /** First word of its commands. */
  readonly name: string
  readonly description: string
  add(program: Command): Promise<void>
}

/** All groups, in the order in which help shows them. Descriptions are those of the groups themselves. */
export const groups: readonly Group[] = [
  {
    name: 'testnet',
    description: 'local networks: start, watch, break, replay purchases',
    add: async program => (await import('../testnet/commands.ts')).addTestnetCommands(program),
  },
  {
    name: 'node',
    description: 'a validator: run it, look at it, check its store',
    add: async program => (await import('./node/commands.ts')).addNodeCommands(program),
  },
  {
    name: 'bank',
    description: 'accounts and tokens: issue, publish, take back',
    add: async program => (await import('./bank/commands.ts')).addBankCommands(program),
  },
  {
    name: 'auditor',
    description: 'takes payments, sends token blocks to the ledger, acts on the verdicts',
    add: async program => (await import('./auditor/commands.ts')).addAuditorCommands(program),
  },
  {
    name: 'user',
    description: 'wallets: withdraw tokens, pay, give back, back up',
    add: async program => (await import('./user/commands.ts')).addUserCommands(program),
  },
  {
    name: 'vendor',
    description: 'tills: take payments, have them audited, deliver',
    add: async program => (await import('./vendor/commands.ts')).addVendorCommands(program),
  },
  {
    name: 'channel',
    description: 'sessions: many small payments to one vendor, two records on the ledger',
    async add(program) {
      const [{ addChannelCommands }, { addChannelBenchCommand }] = await Promise.all([
        import('./channel/commands.ts'),
        import('../testnet/bench/commands.ts'),
      ])
      addChannelBenchCommand(addChannelCommands(program))
    },
  },
  {
    name: 'authority',
    description: 'certificates and membership: issue, admit, renew, end, revoke',
    add: async program => (await import('./authority/commands.ts')).addAuthorityCommands(program),
  },
  {
    name: 'evidence',
    description: 'who cheated: what validators and auditors keep, as files',
    add: async program => (await import('./evidence/commands.ts')).addEvidenceCommands(program),
  },
  {
    name: 'token',
    description: 'what became of a token',
    add: async program => (await import('./token/commands.ts')).addTokenCommands(program),
  },
  {
    name: 'trust',
    description: 'trust and block sizes: what the models make of invalid tokens',
    add: async program => (await import('./trust/commands.ts')).addTrustCommands(program),
  },
  {
    name: 'verify',
    description: 'check a proof, a trust history or evidence offline: what was proved, and by whom',
    add: async program => (await import('./verify/commands.ts')).addVerifyCommand(program),
  },
  {
    name: 'simulate',
    description: "the paper's simulations, on the auditor's own rules",
    add: async program => (await import('../testnet/simulations/commands.ts')).addSimulateCommands(program),
  },
  {
    name: 'experiment',
    description: 'break a network on purpose, simulated or real, and see what holds',
    add: async program => (await import('../testnet/experiments/commands.ts')).addExperimentCommands(program),
  },
  {
    name: 'bench',
    description: 'the benchmarks',
    add: async program => (await import('../testnet/bench/commands.ts')).addBenchCommand(program),
  },
  {
    name: 'completion',
    description: 'print a completion script for bash or zsh',
    add: async program => addCompletionCommand(program),
  },
]

function version(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

/**
 * The command line with one group loaded, or all of them; the others are there by name only.
 * Nothing of it exits the process: commander's own exits come as errors.
 */
export async function createProgram(wanted: string | 'all'): Promise<Command> {
  const program = new Command('mupib')
    .description('A permissioned peer-to-peer ledger for micro-payments: validators vote on every token a user spends.')
    .version(version(), '-V, --version')
    .option('--dir <dir>', `network or actor home (default: ${defaultDir})`)
    .option('--json', 'JSON on stdout (by itself where stdout is no terminal)')
    .option('--no-json', 'text on stdout, wherever it goes')
    .option('--quiet', 'no progress on stderr')
    .option('--yes', 'do not ask')
    .helpCommand('help [command...]', 'what a command does, with examples')
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError()
  withExamples(
    program,
    'mupib testnet up',
    'mupib testnet run purchases.csv',
    'mupib verify proof.json --genesis .mupib/genesis.json',
    'mupib help bank issue',
  )
  for (const group of groups) {
    if (wanted === 'all' || wanted === group.name) await group.add(program)
    else program.command(group.name).description(group.description)
  }
  muteErrors(program)
  return program
}

/** Commander throws instead of exiting, and says nothing of errors: they come out once, in fail(). */
function muteErrors(command: Command): void {
  command.exitOverride().configureOutput({ outputError: () => {} })
  for (const inner of command.commands) muteErrors(inner)
}

const helpFlags = ['--help', '-h']

/** Arguments that are no options: commands first, then what they take (and values of options, which nobody asks for here). */
const operandsOf = (args: readonly string[]): string[] =>
  args.filter((arg, at) => !arg.startsWith('-') && args[at - 1] !== '--dir')

/** The command that arguments lead to, and the first word that leads nowhere. */
function resolve(program: Command, operands: readonly string[]): { command: Command; stray: string | undefined } {
  let command = program
  for (const word of operands) {
    if (command.commands.length === 0) break
    const inner = command.commands.find(child => child.name() === word)
    if (!inner) return { command, stray: word }
    command = inner
  }
  return { command, stray: undefined }
}

function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name()
}

/** The first option that the command does not know; commander speaks of a missing one before. */
function unknownOption(command: Command, args: readonly string[]): string | undefined {
  const known = new Set(helpFlags)
  for (let at: Command | null = command; at; at = at.parent)
    for (const { short, long } of at.options) for (const flag of [short, long]) if (flag) known.add(flag)
  return args.find(arg => /^--?[a-zA-Z]/.test(arg) && !known.has(arg.split('=')[0]!))
}

/** One line for a usage error: what is wrong, and as a hint what was meant or where to look. */
function usageError(error: CommanderError, command: Command, args: readonly string[]): MupibError {
  const [message = '', suggestion] = error.message.replace(/^error: /, '').split('\n')
  const meant = /Did you mean (.*)\?\)$/.exec(suggestion ?? '')?.[1]
  const unknown = error.code === 'commander.missingMandatoryOptionValue' ? unknownOption(command, args) : undefined
  return new MupibError('usage', unknown === undefined ? message : `unknown option '${unknown}'`, {
    hint: meant === undefined ? `${pathOf(command)} --help shows how` : `did you mean ${meant}?`,
  })
}

async function run(args: readonly string[]): Promise<void> {
  const words = operandsOf(args)
  const isHelp = words[0] === 'help' || helpFlags.some(flag => args.includes(flag))
  const operands = words[0] === 'help' ? words.slice(1) : words
  const program = await createProgram(operands[0] === 'completion' ? 'all' : (operands[0] ?? ''))
  const { command, stray } = resolve(program, operands)
  if (isHelp && stray === undefined) return command.outputHelp()
  // with a word that leads nowhere, commander is to say so, rather than to show the help of what is above it
  const plain = isHelp ? operands : args
  if (plain.length === 0) return program.outputHelp()
  try {
    await program.parseAsync(plain, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    // the version, which was asked for, or a group's help, which was not
    if (error.exitCode === 0) return
    if (error.code === 'commander.help') process.exitCode = exitCodes.usage
    else throw usageError(error, command, args)
  }
}

function fail(error: unknown, args: readonly string[]): void {
  const isJson = args.includes('--json') || (process.stdout.isTTY !== true && !args.includes('--no-json'))
  process.stderr.write(errorText(error, isJson))
  if (process.env.MUPIB_DEBUG) process.stderr.write(`${inspect(error)}\n`)
  process.exitCode = exitCodeOf(error)
}

/** Runs the command line and sets the exit code; the process ends by itself once nothing is left to do. */
export async function main(argv: readonly string[]): Promise<void> {
  const args = argv.slice(2)
  // a reader that goes away (| head) ends the output, not with a stack
  process.stdout.on('error', error => {
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') process.exit(exitCodes.done)
    throw error
  })
  process.on('uncaughtException', error => {
    fail(error, args)
    process.exit()
  })
  try {
    await run(args)
  } catch (error) {
    fail(error, args)
  }
}
