// The commands that replay purchases: `testnet run` with a trace of one's own, `testnet demo` with the one that ships (npm start).
import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Command, InvalidArgumentError } from 'commander'
import { interruptible, unlessAborted } from '../../cli/common/interrupt.ts'
import { type Output, outputOf } from '../../cli/common/output.ts'
import { MupibError } from '../../proto/errors.ts'
import { trustingOf } from '../create.ts'
import { type NetworkFiles, networkExists, openNetwork } from '../folders.ts'
import { removeNetwork, upNetwork } from '../network.ts'
import { listProcesses, processesOf } from '../process-table.ts'
import { type Purchase, readTrace } from '../trace/trace.ts'
import { addVendors } from '../vendors.ts'
import { connectNetwork } from './parties.ts'
import { type RunTraceOptions, runTrace } from './run-trace.ts'
import { type ReplaySummary, summaryText } from './summary.ts'

/** The trace that ships: a day of 20 users at 5 vendors. */
const shippedTrace: string = fileURLToPath(new URL('../traces/day.csv', import.meta.url))

function positive(text: string): number {
  const value = Number(text)
  if (!(value > 0 && Number.isFinite(value))) throw new InvalidArgumentError('A number above 0.')
  return value
}

function runningNetwork(dir: string): NetworkFiles | undefined {
  if (!networkExists(dir)) return undefined
  const network = openNetwork(dir)
  const processes = listProcesses()
  const isUp = (actor: NetworkFiles['bank']): boolean => processesOf(actor, processes).length > 0
  if (!network.actors.some(isUp)) return undefined
  for (const actor of [network.bank, network.auditor, ...network.vendors])
    if (!isUp(actor))
      throw new MupibError('stopped', `the ${actor.name} of the network in ${dir} is not running`, {
        hint: `start it with "mupib testnet restart ${actor.name}"`,
      })
  return network
}

const vendorsOf = (purchases: readonly Purchase[]): string[] => [...new Set(purchases.map(({ vendor }) => vendor))]

/** Runs work on a network of its own that is gone afterwards, whatever happens. */
async function onFreshNetwork<T>(
  vendors: readonly string[],
  output: Output,
  signal: AbortSignal,
  work: (network: NetworkFiles) => Promise<T>,
): Promise<T> {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'mupib-run-'))
  try {
    const network = await upNetwork(
      path.join(home, 'net'),
      { vendors, trustingVendors: trustingOf(vendors) },
      line => output.progress(line),
      signal,
    )
    try {
      return await work(network.files)
    } finally {
      output.progress('stopping the network')
      await removeNetwork(network.files)
    }
  } finally {
    fs.rmSync(home, { recursive: true, force: true })
  }
}

async function replayOn(
  network: NetworkFiles,
  purchases: readonly Purchase[],
  options: RunTraceOptions,
  output: Output,
  signal: AbortSignal,
): Promise<ReplaySummary> {
  const progress = (line: string): void => output.progress(line)
  const known = new Set(network.vendors.map(({ name }) => name))
  const vendors = vendorsOf(purchases)
  const missing = vendors.filter(name => !known.has(name))
  const grown = await addVendors(network, missing, trustingOf(vendors), progress)
  return unlessAborted(signal, runTrace(purchases, connectNetwork(grown), options, progress, signal))
}

function finish(summary: ReplaySummary, output: Output): void {
  output.result(summary, summaryText)
  const failed = summary.proofs.find(proof => !proof.holds)
  if (failed)
    throw new MupibError('bad_proof', `the proof of ${failed.serial} (${failed.verdict}) does not hold offline`, {
      statement: failed.statement,
    })
  if (!summary.books.holds)
    throw new MupibError('refused', 'the books do not balance', { hint: 'mupib auditor books --reconcile' })
}

/** Adds `run` and `demo` to `testnet`. */
export function addReplayCommands(testnet: Command): void {
  testnet
    .command('run <trace>')
    .description('replay the purchases of a CSV file (time,user,vendor,item,price[,behaviour])')
    .option('--speed <factor>', "so many times as fast as the trace's clock (default: as fast as it goes)", positive)
    .option('--proofs <dir>', 'keep one proof file of each verdict kind there, and the genesis file that checks them')
    .option('--outcomes <file>', 'write what became of each purchase, with γ and W after it, into this CSV file')
    .addHelpText(
      'after',
      '\nUses the running network of --dir, or one that is started for it and stopped again.\n\nExample:\n  mupib testnet run my.csv --proofs ./proofs',
    )
    .action(
      async (trace: string, options: { speed?: number; proofs?: string; outcomes?: string }, command: Command) => {
        const output = outputOf(command)
        const purchases = readTrace(trace)
        const { proofs, speed, outcomes } = options
        const chosen = {
          ...(speed === undefined ? {} : { speed }),
          ...(proofs === undefined ? {} : { proofsDir: proofs }),
          ...(outcomes === undefined ? {} : { outcomesFile: outcomes }),
        }
        await interruptible(async signal => {
          const network = runningNetwork(output.dir)
          const work = (on: NetworkFiles): Promise<ReplaySummary> => replayOn(on, purchases, chosen, output, signal)
          finish(
            network ? await work(network) : await onFreshNetwork(vendorsOf(purchases), output, signal, work),
            output,
          )
        })
      },
    )
  testnet
    .command('demo')
    .description('start a network of its own, replay the shipped day of purchases, verify proofs, stop everything')
    .addHelpText('after', '\nExample:\n  mupib testnet demo')
    .action(async (_options: unknown, command: Command) => {
      const output = outputOf(command)
      const purchases = readTrace(shippedTrace)
      await interruptible(async signal => {
        const work = (on: NetworkFiles): Promise<ReplaySummary> => replayOn(on, purchases, {}, output, signal)
        finish(await onFreshNetwork(vendorsOf(purchases), output, signal, work), output)
      })
    })
}
