// Replaying a trace from end to end: wallets filled, purchases made, the queue flushed, one proof of each verdict kind checked offline.
import * as fs from 'node:fs'
import * as path from 'node:path'
import { writeAtomic } from '../../cli/common/files.ts'
import { toJson } from '../../cli/common/output.ts'
import type { VerifiedFile } from '../../cli/verify/verify.ts'
import type { NetworkFiles } from '../folders.ts'
import type { Progress } from '../network.ts'
import { type ProgramResult, runProgram } from '../run-program.ts'
import type { Purchase } from '../trace/trace.ts'
import { fillWallets, replay, usersOf } from './replay.ts'
import type { DecidedBlock, Services } from './services.ts'
import { type ProofCheck, type ReplaySummary, summarize, verdictKinds, verdictNames } from './summary.ts'

export interface RunTraceOptions {
  readonly speed?: number
  /** Keeps the proof files here, and the genesis file by which they are checked; left out, none is kept. */
  readonly proofsDir?: string
}

/** What `mupib verify` says in one line: what was proved, or why nothing is. */
function statementOf({ exitCode, output, errors }: ProgramResult): string {
  if (exitCode === 0) return (JSON.parse(output) as VerifiedFile).statement
  return errors.trim().split('\n').at(-1) ?? ''
}

/** Takes one proof of each verdict kind that occurred and has `mupib verify` check it: a process with the genesis file and nothing else. */
async function checkProofs(
  blocks: readonly DecidedBlock[],
  services: Services,
  genesisFile: string,
  proofsDir: string,
  signal: AbortSignal,
): Promise<Required<ProofCheck>[]> {
  const tokens = blocks.flatMap(block => block.tokens)
  const checks = verdictKinds.map(async (verdict): Promise<Required<ProofCheck>[]> => {
    const token = tokens.find(candidate => candidate.verdict === verdict)
    if (!token) return []
    const file = path.join(proofsDir, `${verdict}-${verdictNames[verdict].replaceAll(' ', '-')}.json`)
    writeAtomic(file, `${toJson(await services.proof(token.serial, token.payload), 2)}\n`)
    const result = await runProgram(['verify', file, '--genesis', genesisFile, '--json'], signal)
    return [{ verdict, serial: token.serial, file, holds: result.exitCode === 0, statement: statementOf(result) }]
  })
  return (await Promise.all(checks)).flat()
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

/** Runs a trace through a network whose services answer. */
export async function runTrace(
  purchases: readonly Purchase[],
  network: NetworkFiles,
  services: Services,
  options: RunTraceOptions,
  progress: Progress,
  signal: AbortSignal,
): Promise<ReplaySummary> {
  // inside the network's directory: a network that is only there for this replay takes it along, however the replay ends
  const proofsDir = options.proofsDir ?? fs.mkdtempSync(path.join(network.dir, 'proofs-'))
  try {
    fs.mkdirSync(proofsDir, { recursive: true })
    const blocksBefore = new Set((await services.blocks()).map(({ digest }) => digest))
    const users = usersOf(purchases, services)
    progress(`the bank issues tokens to ${users.length} users, waiting until their publications are final`)
    const issued = await fillWallets(users, services)
    progress(`issued ${issued} tokens; replaying ${purchases.length} purchases`)
    const told = progressOf(purchases.length, progress)
    const start = performance.now()
    const speed = options.speed === undefined ? {} : { speed: options.speed }
    const outcomes = await replay(users, services, { ...speed, onOutcome: (_, done) => told(done) }, signal)
    progress('end of the day: the auditor sends what is queued, waiting for the last verdicts')
    await services.flush()
    const seconds = (performance.now() - start) / 1000
    const blocks = (await services.blocks()).filter(({ digest }) => !blocksBefore.has(digest))
    progress('checking one proof of each verdict kind offline')
    const checks = await checkProofs(blocks, services, network.genesisFile, proofsDir, signal)
    const summary = summarize(users, outcomes, blocks, seconds)
    if (options.proofsDir === undefined) return { ...summary, proofs: checks.map(({ file: _, ...check }) => check) }
    fs.copyFileSync(network.genesisFile, path.join(proofsDir, 'genesis.json'))
    return { ...summary, proofs: checks, proofsDir: path.resolve(proofsDir) }
  } finally {
    if (options.proofsDir === undefined) fs.rmSync(proofsDir, { recursive: true, force: true })
  }
}
