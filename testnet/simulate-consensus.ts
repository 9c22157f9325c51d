// Runs simulated schedules over all cores of this machine, or repeats one: `npm run sim -- --seeds 10000`; of the vote alone, or with --ledger of the
// whole: ledger, bank, auditors and users.
// Exit codes: 0 nothing found, 1 a violation (or a planted bug that was not found), 2 wrong use, 3 nothing was put to the test.
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { adversaryNames, isAdversaryName } from '../consensus/adversaries/index.ts'
import { bugs } from '../consensus/simulator/bugs.ts'
import { runSchedule, type ScheduleResult } from '../consensus/simulator/simulation.ts'
import { MupibError } from '../proto/errors.ts'
import { optionsOf, readReproduction } from './campaign/scenario-file.ts'
import { plantedBugs } from './experiments/simulated/bugs.ts'
import { createProgress, exitCodes, runToExit, wholeNumber } from './script.ts'
import {
  addSums,
  describe,
  describeAny,
  emptySum,
  isWhole,
  runWhole,
  type SeedsOrder,
  type SeedsSum,
  scheduleOptions,
  type Wish,
} from './simulated-seeds.ts'
import { streamOnCores } from './worker-pool.ts'

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

const worker = new URL('./simulated-seeds-worker.ts', import.meta.url)
const chunkSeeds = 25

function parseFlags() {
  const { values } = parseArgs({
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
    },
  })
  const { bug, adversary, scenario, trace, bugs: isEachBug } = values
  if (bug !== undefined && !allBugs.some(({ name }) => name === bug))
    throw new MupibError('usage', `--bug: no bug is called '${bug}'`)
  if (adversary !== undefined && !isAdversaryName(adversary))
    throw new MupibError('usage', `--adversary: none is called '${adversary}'`)
  const number = (name: 'seed' | 'validators' | 'byzantine' | 'jobs', least: number, most: number) => {
    const text = values[name]
    return text === undefined ? undefined : wholeNumber(name, text, least, most)
  }
  const validators = number('validators', 1, 31)
  const wish: Wish = {
    validators,
    adversary,
    byzantine: number('byzantine', 0, validators ?? 4),
    hasRealKeys: values['real-keys'],
    isOfLedger: values.ledger,
    bug,
  }
  return {
    wish,
    scenario,
    trace,
    isEachBug,
    seed: number('seed', 0, Number.MAX_SAFE_INTEGER),
    from: wholeNumber('from', values.from, 0, Number.MAX_SAFE_INTEGER),
    count: wholeNumber('seeds', values.seeds, 1, 1e9),
    jobs: number('jobs', 1, 256) ?? availableParallelism(),
  }
}

type Flags = ReturnType<typeof parseFlags>

/** The command that repeats a schedule. */
function commandFor(seed: number, { validators, adversary, byzantine, bug, hasRealKeys, isOfLedger }: Wish): string {
  const kept = [
    ...Object.entries({ validators, adversary, byzantine, bug }).flatMap(([name, value]) =>
      value === undefined ? [] : [`--${name} ${value}`],
    ),
    ...(hasRealKeys ? ['--real-keys'] : []),
    ...(isOfLedger ? ['--ledger'] : []),
  ]
  return ['npm run sim --', `--seed ${seed}`, ...kept, '--trace'].join(' ')
}

/** Runs seeds until done or a failure is found; the lowest failing seed of the chunks under way is reported. */
async function runAll(wish: Wish, { from, count, jobs }: Flags, onProgress: (ran: number) => void): Promise<SeedsSum> {
  let next = from
  let sum = emptySum
  await streamOnCores<SeedsOrder, SeedsSum>(worker, {
    jobs: Math.min(jobs, Math.ceil(count / chunkSeeds)),
    next: () => {
      if (next >= from + count || sum.failure) return undefined
      const order = { ...wish, from: next, count: Math.min(chunkSeeds, from + count - next) }
      next += order.count
      return order
    },
    onAnswer: chunk => {
      sum = addSums(sum, chunk)
      onProgress(sum.ran)
    },
  })
  return sum
}

const print = (line: string): void => console.log(line)

/** Says how one schedule went, and which command shows its trace. */
function tell(result: ScheduleResult, { trace }: Flags, traceCommand: string): number {
  const { seed, outcome, height, view, events, recoveryMs, boundMs, traceHash } = result
  console.log(`${outcome}: seed ${seed}, ${describe(result).trim()}`)
  const recovery = recoveryMs === undefined ? 'not recovered' : `recovered in ${recoveryMs} of ${boundMs} ms`
  console.log(`  height ${height}, view ${view}, ${events} events, ${recovery}, trace ${traceHash}`)
  if (outcome === 'fail' && !trace) console.log(`  trace: ${traceCommand}`)
  return exitCodes[outcome]
}

/** Runs what a campaign left in a file. */
function runScenario(file: string, flags: Flags): number {
  const reproduction = readReproduction(file)
  const options = { ...optionsOf(reproduction), ...(flags.trace ? { print } : {}) }
  return tell(runSchedule(reproduction.seed, options), flags, `npm run sim -- --scenario ${file} --trace`)
}

async function runMany(flags: Flags): Promise<number> {
  const { wish, from, count } = flags
  const { bug } = wish
  const startedAt = performance.now()
  let done = 0
  const progress = createProgress(gone => {
    const perSecond = done / gone
    return `${done} of ${count} schedules, ${perSecond.toFixed(0)}/s, ${((count - done) / perSecond).toFixed(0)} s left`
  })
  const { ran, unknown, hash, failure } = await runAll(wish, flags, sum => {
    done = sum
    progress.show()
  })
  progress.end()
  const seconds = (performance.now() - startedAt) / 1000
  const rate = `${ran} schedules in ${seconds.toFixed(1)} s (${(ran / seconds).toFixed(0)}/s)`
  if (failure) {
    console.log(`${bug ? `bug '${bug}' found` : 'FAIL'}: seed ${failure.seed}\n  ${failure.text}`)
    console.log(`  repeat: ${commandFor(failure.seed, wish)}\n${rate}`)
    return bug ? exitCodes.pass : exitCodes.fail
  }
  const untested = unknown > 0 ? `, ${unknown} of them unknown (nothing final before faults ended)` : ''
  console.log(`${bug ? `bug '${bug}' NOT found` : 'pass'}: ${rate}${untested}`)
  console.log(`seeds ${from} to ${from + count - 1}, traces ${hash.toString(16).padStart(8, '0')}`)
  if (bug) return exitCodes.fail
  return unknown === ran ? exitCodes.unknown : exitCodes.pass
}

async function runBugs(flags: Flags): Promise<number> {
  let isAllFound = true
  console.log('planted bug                  invariant  seed   what is wrong')
  for (const { name, summary } of allBugs) {
    const { failure } = await runAll({ ...flags.wish, bug: name }, flags, () => {})
    isAllFound &&= failure !== undefined
    const invariant = failure?.text.split(' ')[0] ?? 'NOT FOUND'
    console.log(`${name.padEnd(28)} ${invariant.padEnd(10)} ${String(failure?.seed ?? '-').padEnd(6)} ${summary}`)
  }
  return isAllFound ? exitCodes.pass : exitCodes.fail
}

function runOne(seed: number, flags: Flags): number {
  const { wish, trace } = flags
  if (isWhole(wish)) return runOneWhole(seed, flags)
  const options = { ...scheduleOptions(wish), ...(trace ? { print } : {}) }
  return tell(runSchedule(seed, options), flags, commandFor(seed, wish))
}

function runOneWhole(seed: number, { wish, trace }: Flags): number {
  const result = runWhole(seed, wish.bug, trace ? print : undefined)
  const { outcome, run, traceHash } = result
  console.log(`${outcome}: seed ${seed}, ${describeAny(result).trim()}`)
  console.log(`  ${run.history.length} events of history, ${run.durationMs} ms of virtual time, trace ${traceHash}`)
  if (outcome === 'fail' && !trace) console.log(`  trace: ${commandFor(seed, wish)}`)
  return exitCodes[outcome]
}

await runToExit(usage, async () => {
  const flags = parseFlags()
  if (flags.seed !== undefined) return runOne(flags.seed, flags)
  if (flags.scenario !== undefined) return runScenario(flags.scenario, flags)
  return flags.isEachBug ? runBugs(flags) : runMany(flags)
})
