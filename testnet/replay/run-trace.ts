// Replaying a trace from end to end: users funded, purchases made, the queue flushed, one proof of each verdict kind and the books checked.
import * as fs from 'node:fs'
import * as path from 'node:path'
import { writeAtomic } from '../../cli/common/files.ts'
import { toJson } from '../../cli/common/output.ts'
import type { VerifiedFile } from '../../cli/verify/verify.ts'
import { MupibError } from '../../proto/errors.ts'
import type { Progress } from '../network.ts'
import { type ProgramResult, runProgram } from '../run-program.ts'
import type { Purchase } from '../trace/trace.ts'
import { type Buyer, openBuyers } from './buyers.ts'
import { outcomesCsv } from './outcomes.ts'
import type { DecidedBlock, ReplayedNetwork } from './parties.ts'
import { replay } from './replay.ts'
import {
  type BooksSummary,
  type FindingSummary,
  type ProofCheck,
  type ReplaySummary,
  summarize,
  verdictKinds,
  verdictNames,
} from './summary.ts'

export interface RunTraceOptions {
  readonly speed?: number
  /** Keeps the proof files here, and the genesis file by which they are checked; left out, none is kept. */
  readonly proofsDir?: string
  /** Writes what became of each purchase, with γ and W after it, into this CSV file. */
  readonly outcomesFile?: string
}

/** What `mupib verify` says in one line: what was proved, or why nothing is. */
function statementOf({ exitCode, output, errors }: ProgramResult): string {
  if (exitCode === 0) return (JSON.parse(output) as VerifiedFile).statement
  return errors.trim().split('\n').at(-1) ?? ''
}

/** Takes one proof of each verdict kind that occurred and has `mupib verify` check it: a process with the genesis file and nothing else. */
async function checkProofs(
  blocks: readonly DecidedBlock[],
  { auditor, files }: ReplayedNetwork,
  proofsDir: string,
  signal: AbortSignal,
): Promise<Required<ProofCheck>[]> {
  const tokens = blocks.flatMap(block => block.tokens)
  const checks = verdictKinds.map(async (verdict): Promise<Required<ProofCheck>[]> => {
    const token = tokens.find(candidate => candidate.verdict === verdict)
    if (!token) return []
    const { serial, payload } = token
    const file = path.join(proofsDir, `${verdict}-${verdictNames[verdict].replaceAll(' ', '-')}.json`)
    writeAtomic(file, `${toJson(await auditor('GET', `/proofs/${serial}?payload=${payload}`), 2)}\n`)
    const result = await runProgram(['verify', file, '--genesis', files.genesisFile, '--json'], signal)
    return [{ verdict, serial, file, holds: result.exitCode === 0, statement: statementOf(result) }]
  })
  return (await Promise.all(checks)).flat()
}

/** Has `mupib auditor books --reconcile` hold the stores of bank, auditor, vendors and ledger against each other. */
async function booksOf({ files, auditor }: ReplayedNetwork, signal: AbortSignal): Promise<BooksSummary> {
  const [{ decided }, { output, errors }] = await Promise.all([
    auditor<Pick<BooksSummary, 'decided'>>('GET', '/books'),
    runProgram(['auditor', 'books', '--reconcile', '--dir', files.dir, '--json'], signal),
  ])
  if (output === '') throw new MupibError('refused', `the books could not be compared: ${errors.trim()}`)
  const { holds, checks } = JSON.parse(output) as Omit<BooksSummary, 'decided'>
  return { holds, checks, decided }
}

async function findingsOf({ files }: ReplayedNetwork, signal: AbortSignal): Promise<FindingSummary[]> {
  const { output } = await runProgram(['evidence', 'list', '--dir', files.dir, '--json'], signal)
  return output === '' ? [] : (JSON.parse(output) as FindingSummary[])
}

function progressOf(total: number, progress: Progress): (done: number) => void {
  const step = Math.max(1, Math.floor(total / 10))
  const start = performance.now()
  return done => {
    if (done % step !== 0 && done !== total) return
    const seconds = ((performance.now() - start) / 1000).toFixed(1)
    progress(`purchases: ${done} of ${total} after ${seconds} s`)
  }
}

const decidedBlocks = async ({ auditor }: ReplayedNetwork): Promise<DecidedBlock[]> =>
  (await auditor<DecidedBlock[]>('GET', '/blocks')).filter(({ state }) => state === 'decided')

/** Runs a trace through a network whose services answer. */
export async function runTrace(
  purchases: readonly Purchase[],
  network: ReplayedNetwork,
  options: RunTraceOptions,
  progress: Progress,
  signal: AbortSignal,
): Promise<ReplaySummary> {
  const { files } = network
  // inside the network's directory: a network that is only there for this replay takes it along, however the replay ends
  const proofsDir = options.proofsDir ?? fs.mkdtempSync(path.join(files.dir, 'proofs-'))
  let buyers: readonly Buyer[] = []
  try {
    fs.mkdirSync(proofsDir, { recursive: true })
    const blocksBefore = new Set((await decidedBlocks(network)).map(({ digest }) => digest))
    progress('users get certificates, accounts and tokens, waiting until their publications are final')
    buyers = await openBuyers(purchases, network)
    progress(`${buyers.length} users have their tokens; replaying ${purchases.length} purchases`)
    const told = progressOf(purchases.length, progress)
    const start = performance.now()
    const watchTrust = options.outcomesFile !== undefined
    const speed = options.speed === undefined ? {} : { speed: options.speed }
    const settings = { ...speed, watchTrust, onOutcome: (_: unknown, done: number) => told(done) }
    const outcomes = await replay(buyers, network.tokenValue, settings, signal)
    progress('end of the day: the auditor sends what is queued, waiting for the last verdicts and the money')
    await network.auditor('POST', '/flush', {})
    const seconds = (performance.now() - start) / 1000
    if (options.outcomesFile !== undefined) writeAtomic(options.outcomesFile, outcomesCsv(outcomes))
    const blocks = (await decidedBlocks(network)).filter(({ digest }) => !blocksBefore.has(digest))
    progress('checking one proof of each verdict kind offline, and the books of bank, auditor, vendors and ledger')
    const [checks, books, findings, standings] = await Promise.all([
      checkProofs(blocks, network, proofsDir, signal),
      booksOf(network, signal),
      findingsOf(network, signal),
      Promise.all(buyers.map(buyer => buyer.trust())),
    ])
    const summary = { ...summarize(buyers, outcomes, blocks, standings, seconds), books, findings }
    if (options.proofsDir === undefined) return { ...summary, proofs: checks.map(({ file: _, ...check }) => check) }
    fs.copyFileSync(files.genesisFile, path.join(proofsDir, 'genesis.json'))
    return { ...summary, proofs: checks, proofsDir: path.resolve(proofsDir) }
  } finally {
    await Promise.allSettled(buyers.map(buyer => buyer.close()))
    if (options.proofsDir === undefined) fs.rmSync(proofsDir, { recursive: true, force: true })
  }
}
