// The long proof on real processes: kill -9 over all parties, power losses of all stores at once, flipped bits over all file types, hours of network
// faults; after each part every checker looks at what was seen. `npm run endurance -- --help`. Exit codes: 0 nothing lost, 1 something, 2 wrong use.
import * as fs from 'node:fs'
import * as path from 'node:path'
import { parseArgs } from 'node:util'
import { exitCodes } from '../../../cli/common/errors.ts'
import { writeAtomic } from '../../../cli/common/files.ts'
import { interruptible } from '../../../cli/common/interrupt.ts'
import { MupibError } from '../../../proto/errors.ts'
import { limits } from '../../../proto/limits.ts'
import { SeededRandom } from '../../random.ts'
import { runToExit, wholeNumber } from '../../script.ts'
import { check } from '../checkers/index.ts'
import type { EngineOptions, EngineRun } from '../engine.ts'
import type { Finding } from '../history.ts'
import { type Manifest, manifestSchema } from '../manifest.ts'
import { type FaultPhase, realEngine, runReal } from './engine.ts'
import { beginFault } from './faults/index.ts'
import { nothingDamaged } from './faults/stores.ts'
import { randomNetworkFaults } from './random-faults.ts'
import { atMost, pause } from './schedule.ts'
import type { FileType } from './store-files.ts'

const usage = `npm run endurance -- [options]; a part with 0 is left out
  --kills N            kill -9 of random processes under load (default 500)
  --power-losses N     of all stores at once (default 50; needs root)
  --flips N            bits flipped, over all file types (default 200)
  --network-minutes M  of mixed network faults (default 60)
  --validators N       default 4
  --seed S             draws all of it (default 1)
  --out DIR            for histories and result.json (default ./endurance)`

interface Wanted {
  readonly kills: number
  readonly powerLosses: number
  readonly flips: number
  readonly networkMinutes: number
  readonly validators: number
  readonly seed: number
  readonly out: string
}

/** One network's life, and what the checkers found in it. */
interface PartResult {
  readonly part: string
  readonly seed: number
  readonly seconds: number
  /** What was done, by name, and how often. */
  readonly counts: Readonly<Record<string, number>>
  readonly acknowledged: number
  readonly payments: number
  readonly problems: readonly string[]
}

/** So many kills, power losses or flips are one network's life: a history is held in memory and checked at the end of it. */
const cyclesOfOne = { kills: 50, powerLosses: 10, flips: 20 }
/** Length of one network's faults, in minutes. */
const networkMinutesOfOne = 2
/** Longest pause between two kills, in milliseconds. */
const pauseMsMax = 500
/** Bound for failure only, in milliseconds. */
const verdictLimitMs = 60_000
const fileTypes: readonly FileType[] = ['log', 'table', 'manifest', 'current']

function read(): Wanted {
  const text = (fallback: string) => ({ type: 'string', default: fallback }) as const
  const { values } = parseArgs({
    options: {
      kills: text('500'),
      'power-losses': text('50'),
      flips: text('200'),
      'network-minutes': text('60'),
      validators: text('4'),
      seed: text('1'),
      out: text('endurance'),
    },
  })
  const number = (name: keyof typeof values, least = 0, most = 999_999): number =>
    wholeNumber(name, values[name], least, most)
  return {
    kills: number('kills'),
    powerLosses: number('power-losses'),
    flips: number('flips'),
    networkMinutes: number('network-minutes'),
    validators: number('validators', 1, limits.validators),
    seed: number('seed'),
    out: path.resolve(values.out),
  }
}

const manifestOf = (name: string, { validators }: Wanted, more: object): Manifest =>
  manifestSchema.parse({
    name,
    title: name,
    network: { validators },
    load: { users: 4, vendors: 2, rate: 8, cheats: { doubleSpend: 0.05, altered: 0.02, twoVendors: 0.05 } },
    // as long as the slowest machine takes for the cycles: by this the users' purses are filled
    phases: { warmUp: '1s', faults: '20m', settle: '1s' },
    ...more,
  })

/** Kills one or two processes of all, and starts them again. */
const killing =
  (cycles: number, counts: Record<string, number>): FaultPhase =>
  async ({ context }) => {
    const { field, random, signal, progress } = context
    for (let done = 1; done <= cycles; done++) {
      signal.throwIfAborted()
      // the moment is the experiment: nobody waits on this pause
      await pause(random.integer(0, pauseMsMax), signal)
      const name = random.pick(field.parties)
      counts[name] = (counts[name] ?? 0) + 1
      await field.kill(name)
      const refusal = await field.start(name)
      if (refusal) throw new MupibError('refused', `${name} does not start after a kill: ${refusal.message}`)
      if (done % 10 === 0) progress(`${done} of ${cycles} kills`)
    }
  }

/** Takes the power from all stores at once, and gives it back. */
const losingPower =
  (cycles: number, counts: Record<string, number>): FaultPhase =>
  async ({ context, ledger }) => {
    const { random, signal, progress } = context
    for (let done = 1; done <= cycles; done++) {
      await atMost(verdictLimitMs, ledger.nextVerdict())
      await pause(random.integer(0, 2 * pauseMsMax), signal)
      signal.throwIfAborted()
      const begun = await beginFault(context, { action: 'powerLoss', nodes: ['all'] })
      await begun.end()
      counts.powerLosses = done
      progress(`${done} of ${cycles} power losses`)
    }
  }

/** Flips a bit of one validator's store after the other, each time until it is back. */
const flipping =
  (cycles: number, counts: Record<string, number>): FaultPhase =>
  async ({ context, ledger }) => {
    const { field, random, signal, progress } = context
    for (let done = 1; done <= cycles; done++) {
      await atMost(verdictLimitMs, ledger.nextVerdict())
      signal.throwIfAborted()
      const file = fileTypes[done % fileTypes.length]!
      const begun = await beginFault(context, { action: 'flipBit', nodes: [random.pick(field.validators)], file })
      await atMost(verdictLimitMs, ledger.nextVerdict())
      await begun.end()
      if (!begun.text.startsWith(nothingDamaged)) counts[file] = (counts[file] ?? 0) + 1
      progress(`${done} of ${cycles} flips: ${begun.text}`)
    }
  }

interface Part {
  readonly name: string
  run(options: EngineOptions, counts: Record<string, number>): Promise<EngineRun>
}

/** Splits a number into pieces of a size. */
const piecesOf = (total: number, size: number): number[] =>
  Array.from({ length: Math.ceil(total / size) }, (_, index) => Math.min(size, total - index * size))

function partsOf(wanted: Wanted): Part[] {
  const cycled = (
    name: string,
    total: number,
    size: number,
    more: object,
    phase: (cycles: number, counts: Record<string, number>) => FaultPhase,
  ): Part[] =>
    piecesOf(total, size).map(cycles => ({
      name,
      run: (options, counts) => runReal(manifestOf(name, wanted, more), options, phase(cycles, counts)),
    }))
  const onDisks = { faults: [{ powerLoss: { nodes: 'all' } }] }
  return [
    ...cycled('kills', wanted.kills, cyclesOfOne.kills, {}, killing),
    ...cycled('power-losses', wanted.powerLosses, cyclesOfOne.powerLosses, onDisks, losingPower),
    ...cycled('flips', wanted.flips, cyclesOfOne.flips, {}, flipping),
    ...piecesOf(wanted.networkMinutes, networkMinutesOfOne).map(
      (minutes): Part => ({
        name: 'network',
        run: (options, counts) => {
          const faults = randomNetworkFaults(wanted.validators, minutes * 60_000, new SeededRandom(options.seed))
          for (const fault of faults) counts[fault.action] = (counts[fault.action] ?? 0) + 1
          const phases = { warmUp: '1s', faults: `${minutes}m`, settle: '1s' }
          return realEngine({ ...manifestOf('network', wanted, { phases }), faults }, options)
        },
      }),
    ),
  ]
}

const problemsIn = (findings: readonly Finding[], run: EngineRun): string[] => [
  ...findings
    .filter(({ verdict }) => verdict === 'broken')
    .map(({ invariant, evidence }) => `${invariant}: ${evidence.slice(0, 3).join('; ')}`),
  ...run.history.flatMap(event => (event.type === 'bug' ? [`${event.node}: ${event.text}`] : [])),
  ...(run.lost.length > 0 ? [`lost: ${run.lost.join(', ')}`] : []),
]

async function runPart(part: Part, place: number, wanted: Wanted, signal: AbortSignal): Promise<PartResult> {
  const seed = wanted.seed + place
  const folder = path.join(wanted.out, `${place}-${part.name}`)
  fs.mkdirSync(folder, { recursive: true })
  const counts: Record<string, number> = {}
  const progress = (line: string): void => void process.stderr.write(`${part.name} ${seed}: ${line}\n`)
  const start = performance.now()
  try {
    const run = await part.run({ seed, folder, progress, signal }, counts)
    const { history } = run
    const problems = problemsIn(check(run), run)
    // whoever looks for what went wrong has everything that was seen
    if (problems.length > 0) writeAtomic(path.join(folder, 'run.json'), JSON.stringify(run))
    for (const event of history)
      if (event.type === 'damage') counts[`found ${event.found}`] = (counts[`found ${event.found}`] ?? 0) + 1
    const seconds = Math.round((performance.now() - start) / 1000)
    const acknowledged = history.filter(({ type }) => type === 'acknowledged').length
    const payments = history.filter(event => event.type === 'payment' && event.outcome === 'delivered').length
    return { part: part.name, seed, seconds, counts, acknowledged, payments, problems }
  } catch (error) {
    if (signal.aborted) throw error
    const seconds = Math.round((performance.now() - start) / 1000)
    const problems = [`broken off: ${(error as Error).message}`]
    return { part: part.name, seed, seconds, counts, acknowledged: 0, payments: 0, problems }
  }
}

async function run(wanted: Wanted): Promise<number> {
  return interruptible(async signal => {
    const results: PartResult[] = []
    for (const [place, part] of partsOf(wanted).entries()) {
      const result = await runPart(part, place, wanted, signal)
      results.push(result)
      const first = results.find(({ problems }) => problems.length > 0)
      writeAtomic(
        path.join(wanted.out, 'result.json'),
        `${JSON.stringify({ ...wanted, first, results }, undefined, 2)}\n`,
      )
      process.stdout.write(`${JSON.stringify(result)}\n`)
      if (first) return exitCodes.refused
    }
    return exitCodes.done
  })
}

await runToExit(usage, () => run(read()))
