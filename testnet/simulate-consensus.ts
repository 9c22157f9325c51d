// Runs simulated schedules over all cores of this machine, or repeats one: `npm run sim -- --seeds 10000`; of the vote alone, or with --ledger of the
// whole: ledger, bank, auditors and users.
// Exit codes: 0 nothing found, 1 a violation (or a planted bug that was not found), 2 wrong use, 3 nothing was put to the test.
import { type ChildProcess, fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { adversaryNames, isAdversaryName } from '../consensus/adversaries/index.ts'
import { runTwice } from '../consensus/invariants/determinism.ts'
import { bugNamed, bugs } from '../consensus/simulator/bugs.ts'
import { runSchedule, type ScheduleOptions, type ScheduleResult } from '../consensus/simulator/simulation.ts'
import { MupibError } from '../proto/errors.ts'
import { createProgress, exitCodes, wholeNumber } from './campaign/progress.ts'
import { optionsOf, readReproduction } from './campaign/scenario-file.ts'
import { plantedBugNamed, plantedBugs } from './experiments/simulated/bugs.ts'
import { checkSimulated } from './experiments/simulated/checks.ts'
import { type LedgerScheduleResult, runLedgerSchedule } from './experiments/simulated/schedule.ts'

const allBugs = [...bugs, ...plantedBugs]

const usage = `npm run sim -- [options]
  --seeds N          schedules to run (default 1000)
  --from S           first seed (default 1)
  --seed S           run this one only, and say how it went
  --scenario FILE    run the schedule that a campaign left in this file, and say how it went
  --trace            with --seed or --scenario: print what happened, line by line
  --validators N     number of validators (default: 4 to 7, from the seed)
  --adversary NAME   what faulty validators do: ${adversaryNames.join(', ')}
  --byzantine N      how many are adversaries; more than the protocol bears is allowed
  --bug NAME         plant a bug and stop when it is found: ${allBugs.map(({ name }) => name).join(', ')}
  --bugs             plant each bug in turn, and say which seed found it
  --ledger           the ledger with its parties, under small experiments that the seeds draw
  --real-keys        Ed25519 signatures
  --jobs N           processes (default: one per core)`

/** Every so many seeds one schedule is run twice (I13). */
const repeatEvery = 100
const chunkSeeds = 25

const { values: flags } = parse()

function parse(): ReturnType<typeof parseFlags> {
  try {
    return parseFlags()
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error))
  }
}

function parseFlags() {
  return parseArgs({
    options: {
      seeds: { type: 'string', default: '1000' },
      from: { type: 'string', default: '1' },
      seed: { type: 'string' },
      scenario: { type: 'string' },
      trace: { type: 'boolean', default: false },
      validators: { type: 'string' },
      adversary: { type: 'string' },
      byzantine: { type: 'string' },
      bug: { type: 'string' },
      bugs: { type: 'boolean', default: false },
      ledger: { type: 'boolean', default: false },
      'real-keys': { type: 'boolean', default: false },
      jobs: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
}

function fail(message: string): never {
  process.stderr.write(`${message}\n\n${usage}\n`)
  process.exit(exitCodes.usage)
}

function numberOf(name: string, text: string | undefined, least: number, most: number): number | undefined {
  return text === undefined ? undefined : wholeNumber(name, text, least, most)
}

function optionsFromFlags(bugName: string | undefined): ScheduleOptions {
  const { adversary } = flags
  const bug = bugName === undefined ? undefined : bugNamed(bugName)
  if (bugName !== undefined && !bug && !plantedBugNamed(bugName)) fail(`--bug: no bug is called '${bugName}'`)
  if (adversary !== undefined && !isAdversaryName(adversary)) fail(`--adversary: none is called '${adversary}'`)
  const validators = numberOf('validators', flags.validators, 1, 31)
  const byzantine = numberOf('byzantine', flags.byzantine, 0, validators ?? 4)
  return {
    ...(bug ? { bug } : {}),
    hasRealKeys: flags['real-keys'],
    // A wish that is not there must not hide what the bug asks for.
    wish: {
      ...(validators === undefined ? {} : { validators }),
      ...(adversary === undefined ? {} : { adversary }),
      ...(byzantine === undefined ? {} : { byzantine }),
    },
  }
}

/** What a child tells of a run of seeds. */
interface Report {
  readonly ran: number
  readonly unknown: number
  readonly hash: number
  readonly failure: Failure | undefined
}

interface Failure {
  readonly seed: number
  readonly text: string
}

interface Order {
  readonly from: number
  readonly count: number
  readonly bug: string | undefined
}

function runSeeds({ from, count, bug }: Order): Report {
  const options = optionsFromFlags(bug)
  let unknown = 0
  let hash = 0
  for (let seed = from; seed < from + count; seed++) {
    const result = isOfLedger(bug) ? runWhole(seed, bug) : runVote(seed, options)
    hash = (hash ^ (Number.parseInt(result.traceHash.slice(0, 8), 16) + seed)) >>> 0
    if (result.outcome === 'unknown') unknown++
    if (result.outcome === 'fail') {
      return { ran: seed - from + 1, unknown, hash, failure: { seed, text: describeAny(result) } }
    }
  }
  return { ran: count, unknown, hash, failure: undefined }
}

const isOfLedger = (bug: string | undefined): boolean =>
  flags.ledger || (bug !== undefined && plantedBugNamed(bug) !== undefined)

const runVote = (seed: number, options: ScheduleOptions): ScheduleResult =>
  seed % repeatEvery === 0 ? runTwice(seed, options) : runSchedule(seed, options)

/** Now and then twice, which must come to the same (I13). */
function runWhole(seed: number, bug: string | undefined, print?: (line: string) => void): LedgerScheduleResult {
  const options = { check: checkSimulated, bug: bug === undefined ? undefined : plantedBugNamed(bug), print }
  const result = runLedgerSchedule(seed, options)
  if (seed % repeatEvery !== 0 || print) return result
  const again = runLedgerSchedule(seed, options).traceHash
  if (again === result.traceHash) return result
  const text = `two traces of one seed: ${result.traceHash.slice(0, 16)}, ${again.slice(0, 16)}`
  return { ...result, outcome: 'fail', violations: [{ invariant: 'I13', text }] }
}

function describeAny(result: ScheduleResult | LedgerScheduleResult): string {
  if ('scenario' in result) return describe(result)
  const { network, faults } = result.manifest
  const who = Object.entries(network.byzantine).map(([node, name]) => `${node} ${name}`)
  const what = faults.map(({ action }) => action)
  const lines = result.violations.map(({ invariant, text }) => `${invariant} ${text}`)
  return `${lines.join('\n  ')}\n  (${[`${network.validators} validators`, ...who, ...what].join(', ')})`
}

function describe({ violations, scenario }: ScheduleResult): string {
  const { validators, byzantine } = scenario
  const who = [...byzantine].map(([node, name]) => `n${node} ${name}`).join(', ')
  const setting = `${validators} validators${who ? `, ${who}` : ''}`
  return `${violations.map(({ invariant, at, text }) => `${invariant} at ${at} ms: ${text}`).join('\n  ')}\n  (${setting})`
}

/** The command that repeats a schedule. */
function commandFor(seed: number, bug: string | undefined): string {
  const kept = [
    ...(['validators', 'adversary', 'byzantine'] as const).flatMap(name =>
      flags[name] === undefined ? [] : [`--${name} ${flags[name]}`],
    ),
    ...(bug === undefined ? [] : [`--bug ${bug}`]),
    ...(flags['real-keys'] ? ['--real-keys'] : []),
    ...(flags.ledger ? ['--ledger'] : []),
  ]
  return ['npm run sim --', `--seed ${seed}`, ...kept, '--trace'].join(' ')
}

class Pool {
  readonly #children: ChildProcess[]

  constructor(jobs: number) {
    const file = fileURLToPath(import.meta.url)
    this.#children = Array.from({ length: jobs }, () =>
      fork(file, process.argv.slice(2), { env: { ...process.env, MUPIB_SIMULATION_CHILD: '1' } }),
    )
  }

  /** Runs seeds in chunks until done or a failure is found; the lowest failing seed of the chunks under way is reported. */
  async run(from: number, count: number, bug: string | undefined, onProgress: (ran: number) => void): Promise<Report> {
    let next = from
    let total: Report = { ran: 0, unknown: 0, hash: 0, failure: undefined }
    const work = async (child: ChildProcess): Promise<void> => {
      while (next < from + count && !total.failure) {
        const order: Order = { from: next, count: Math.min(chunkSeeds, from + count - next), bug }
        next += order.count
        const report = await ask(child, order)
        total = add(total, report)
        onProgress(total.ran)
      }
    }
    await Promise.all(this.#children.map(work))
    return total
  }

  close(): void {
    for (const child of this.#children) child.disconnect()
  }
}

function add(a: Report, b: Report): Report {
  const first = b.failure && (!a.failure || b.failure.seed < a.failure.seed) ? b.failure : a.failure
  return { ran: a.ran + b.ran, unknown: a.unknown + b.unknown, hash: (a.hash ^ b.hash) >>> 0, failure: first }
}

function ask(child: ChildProcess, order: Order): Promise<Report> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null): void => reject(new Error(`a simulating process ended with ${code}`))
    child.once('exit', onExit)
    child.once('message', message => {
      child.off('exit', onExit)
      resolve(message as Report)
    })
    child.send(order)
  })
}

function serve(): void {
  process.on('message', (order: Order) => process.send?.(runSeeds(order)))
}

/** Says how one schedule went, and which command shows its trace. */
function tell(result: ScheduleResult, traceCommand: string): number {
  const { seed, outcome, height, view, events, recoveryMs, boundMs, traceHash } = result
  console.log(`${outcome}: seed ${seed}, ${describe(result).trim()}`)
  const recovery = recoveryMs === undefined ? 'not recovered' : `recovered in ${recoveryMs} of ${boundMs} ms`
  console.log(`  height ${height}, view ${view}, ${events} events, ${recovery}, trace ${traceHash}`)
  if (outcome === 'fail' && !flags.trace) console.log(`  trace: ${traceCommand}`)
  return exitCodes[outcome]
}

/** Runs what a campaign left in a file. */
function runScenario(file: string): number {
  const reproduction = readReproduction(file)
  const options = optionsOf(reproduction)
  const print = flags.trace ? { print: (line: string) => console.log(line) } : {}
  return tell(runSchedule(reproduction.seed, { ...options, ...print }), `npm run sim -- --scenario ${file} --trace`)
}

async function runMany(pool: Pool, from: number, count: number): Promise<number> {
  const { bug } = flags
  optionsFromFlags(bug)
  const startedAt = performance.now()
  let done = 0
  const progress = createProgress(gone => {
    const perSecond = done / gone
    return `${done} of ${count} schedules, ${perSecond.toFixed(0)}/s, ${((count - done) / perSecond).toFixed(0)} s left`
  })
  const { ran, unknown, hash, failure } = await pool.run(from, count, bug, sum => {
    done = sum
    progress.show()
  })
  progress.end()
  const seconds = (performance.now() - startedAt) / 1000
  const rate = `${ran} schedules in ${seconds.toFixed(1)} s (${(ran / seconds).toFixed(0)}/s)`
  if (failure) {
    console.log(`${bug ? `bug '${bug}' found` : 'FAIL'}: seed ${failure.seed}\n  ${failure.text}`)
    console.log(`  repeat: ${commandFor(failure.seed, bug)}\n${rate}`)
    return bug ? exitCodes.pass : exitCodes.fail
  }
  const untested = unknown > 0 ? `, ${unknown} of them unknown (nothing final before faults ended)` : ''
  console.log(`${bug ? `bug '${bug}' NOT found` : 'pass'}: ${rate}${untested}`)
  console.log(`seeds ${from} to ${from + count - 1}, traces ${hash.toString(16).padStart(8, '0')}`)
  if (bug) return exitCodes.fail
  return unknown === ran ? exitCodes.unknown : exitCodes.pass
}

async function runBugs(pool: Pool, from: number, count: number): Promise<number> {
  let isAllFound = true
  console.log('planted bug                  invariant  seed   what is wrong')
  for (const { name, summary } of allBugs) {
    const { failure } = await pool.run(from, count, name, () => {})
    isAllFound &&= failure !== undefined
    const invariant = failure?.text.split(' ')[0] ?? 'NOT FOUND'
    console.log(`${name.padEnd(28)} ${invariant.padEnd(10)} ${String(failure?.seed ?? '-').padEnd(6)} ${summary}`)
  }
  return isAllFound ? exitCodes.pass : exitCodes.fail
}

function runOne(seed: number): number {
  const options = optionsFromFlags(flags.bug)
  if (isOfLedger(flags.bug)) return runOneWhole(seed)
  const result = runSchedule(seed, flags.trace ? { ...options, print: line => console.log(line) } : options)
  return tell(result, commandFor(seed, flags.bug))
}

function runOneWhole(seed: number): number {
  const result = runWhole(seed, flags.bug, flags.trace ? line => console.log(line) : undefined)
  const { outcome, run, traceHash } = result
  console.log(`${outcome}: seed ${seed}, ${describeAny(result).trim()}`)
  console.log(`  ${run.history.length} events of history, ${run.durationMs} ms of virtual time, trace ${traceHash}`)
  if (outcome === 'fail' && !flags.trace) console.log(`  trace: ${commandFor(seed, flags.bug)}`)
  return exitCodes[outcome]
}

async function main(): Promise<number> {
  if (flags.help) {
    console.log(usage)
    return exitCodes.pass
  }
  const seed = numberOf('seed', flags.seed, 0, Number.MAX_SAFE_INTEGER)
  if (seed !== undefined) return runOne(seed)
  if (flags.scenario !== undefined) return runScenario(flags.scenario)
  const from = numberOf('from', flags.from, 0, Number.MAX_SAFE_INTEGER) ?? 1
  const count = numberOf('seeds', flags.seeds, 1, 1e9) ?? 1000
  const pool = new Pool(numberOf('jobs', flags.jobs, 1, 256) ?? availableParallelism())
  try {
    return await (flags.bugs ? runBugs(pool, from, count) : runMany(pool, from, count))
  } finally {
    pool.close()
  }
}

if (process.env.MUPIB_SIMULATION_CHILD === '1' && process.send) serve()
else {
  process.exitCode = await main().catch(error => {
    if (error instanceof MupibError) return fail(error.message)
    throw error
  })
}
