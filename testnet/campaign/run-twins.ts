// Runs Twins cases on all cores: `npm run sim:twins` all of four validators in four views, `-- --sampled N` deeper ones.
// Exit codes: 0 nothing found, 1 a violation, 2 wrong use, 3 stopped before the end.
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { interruptible } from '../../cli/common/interrupt.ts'
import { bugNamed } from '../../consensus/simulator/bugs.ts'
import { MupibError } from '../../proto/errors.ts'
import { createProgress, exitCodes, runToExit, wholeNumber } from '../script.ts'
import { streamOnCores } from '../worker-pool.ts'
import { exhaustiveCases } from './twins-cases.ts'
import {
  addTwinsSums,
  caseOf,
  emptyTwinsSum,
  runTwinsStretch,
  type TwinsOrder,
  type TwinsSum,
} from './twins-stretch.ts'

const usage = `npm run sim:twins -- [options]
  (no option)        all ${exhaustiveCases} cases of four validators, one of them a twin, over four views
  --sampled N        N deeper cases instead: 8 to 12 views, 4 or 7 validators, f twins, up to three sides
  --from S           first seed of those (default 1)
  --twins K          K twins of four validators in them; more than one is more than the protocol bears
  --case N           one case of all, by its number; with --sampled 1 a seed: print it and how it went
  --bug NAME         plant a bug in the honest validators
  --jobs N           processes (default: one per core)
Prints a few lines, or JSON where the output is no terminal.`

const worker = new URL('./twins-worker.ts', import.meta.url)
const stretchCases = 64

function parseFlags() {
  const { values } = parseArgs({
    options: {
      sampled: { type: 'string' },
      from: { type: 'string', default: '1' },
      twins: { type: 'string' },
      case: { type: 'string' },
      bug: { type: 'string' },
      jobs: { type: 'string' },
    },
  })
  const { sampled, twins, bug, jobs } = values
  if (bug !== undefined && !bugNamed(bug)?.wrap) {
    throw new MupibError('usage', `--bug: no planted bug of the vote itself is called '${bug}'`)
  }
  const isSampled = sampled !== undefined
  if (twins !== undefined && !isSampled) throw new MupibError('usage', '--twins goes with --sampled')
  const kind: TwinsOrder['kind'] = isSampled ? 'sampled' : 'exhaustive'
  return {
    kind,
    from: isSampled ? wholeNumber('from', values.from, 0, 2 ** 52) : 0,
    count: isSampled ? wholeNumber('sampled', sampled, 1, 1e12) : exhaustiveCases,
    twinCount: twins === undefined ? undefined : wholeNumber('twins', twins, 0, 4),
    chosen: values.case === undefined ? undefined : wholeNumber('case', values.case, 0, 2 ** 52),
    bug,
    jobs: jobs === undefined ? availableParallelism() : wholeNumber('jobs', jobs, 1, 256),
  }
}

type Flags = ReturnType<typeof parseFlags>

async function runAll({ kind, from, count, twinCount, bug, jobs }: Flags, signal: AbortSignal): Promise<TwinsSum> {
  let sum = emptyTwinsSum
  let next = from
  const progress = createProgress(seconds => {
    const rate = sum.cases / seconds
    return `${sum.cases} of ${count} cases, ${rate.toFixed(0)}/s, ${((count - sum.cases) / rate).toFixed(0)} s left`
  })
  await streamOnCores<TwinsOrder, TwinsSum>(worker, {
    jobs,
    signal,
    next: () => {
      if (next >= from + count) return undefined
      const order = { kind, from: next, count: Math.min(stretchCases, from + count - next), twinCount, bug }
      next += order.count
      return order
    },
    onAnswer: stretch => {
      sum = addTwinsSums(sum, stretch)
      progress.show()
    },
  }).catch(error => {
    if (!signal.aborted) throw error
  })
  progress.end()
  return sum
}

function repeatCommand({ kind, twinCount, bug }: Flags, number: number): string {
  const flags = [
    ...(kind === 'sampled' ? ['--sampled 1'] : []),
    ...(twinCount === undefined ? [] : [`--twins ${twinCount}`]),
    ...(bug === undefined ? [] : [`--bug ${bug}`]),
  ]
  return ['npm run sim:twins --', ...flags, `--case ${number}`].join(' ')
}

function print(flags: Flags, sum: TwinsSum, secondsGone: number): void {
  const { cases, violations, first, finalWhileParted, caught, recoveryMsMax, messages } = sum
  const checksum = sum.checksum.toString(16).padStart(8, '0')
  const seconds = Number(secondsGone.toFixed(1))
  const perSecond = Number((cases / secondsGone).toFixed(1))
  const repeat = first && repeatCommand(flags, first.number)
  if (!process.stdout.isTTY) {
    const { kind, from, count, twinCount, bug } = flags
    const asked = { kind, from, count, twinCount, bug }
    console.log(JSON.stringify({ ...asked, ...sum, checksum, seconds, perSecond, repeat }, undefined, 2))
    return
  }
  const broken = Object.entries(violations).map(([name, times]) => `${name} in ${times}`)
  console.log(`${first ? `FAIL: ${broken.join(', ')} of` : 'pass:'} ${cases} cases in ${seconds} s (${perSecond}/s)`)
  console.log(`final while parted in ${finalWhileParted}, a twin convicted in ${caught}, ${messages} messages`)
  console.log(`slowest recovery ${recoveryMsMax} ms, results ${checksum}`)
  if (first) console.log(`case ${first.number} broke ${first.invariant}: ${first.text}\nrepeat: ${repeat}`)
}

async function main(): Promise<number> {
  const flags = parseFlags()
  const { chosen } = flags
  const startedAt = performance.now()
  if (chosen !== undefined) console.log(JSON.stringify(caseOf(flags, chosen)))
  const sum =
    chosen === undefined
      ? await interruptible(signal => runAll(flags, signal))
      : runTwinsStretch({ ...flags, from: chosen, count: 1 })
  print(flags, sum, (performance.now() - startedAt) / 1000)
  if (sum.first) return exitCodes.fail
  return chosen === undefined && sum.cases < flags.count ? exitCodes.unknown : exitCodes.pass
}

await runToExit(usage, main)
