// Runs random schedules of the vote for some minutes and shrinks the first that fails: `npm run sim:campaign -- --minutes 10`.
// Exit codes: 0 nothing found, 1 a violation, 2 wrong use, 3 nothing was put to the test.
import * as fs from 'node:fs'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { interruptible } from '../../cli/common/interrupt.ts'
import { bugNamed } from '../../consensus/simulator/bugs.ts'
import { MupibError } from '../../proto/errors.ts'
import { createProgress, exitCodes, runToExit, wholeNumber, wholeNumbers } from '../script.ts'
import { runCampaign } from './campaign.ts'
import { campaignReport, campaignText } from './report.ts'
import { encodeReproduction } from './scenario-file.ts'

const usage = `npm run sim:campaign -- [options]
  --minutes M        run for so long (default 1, without --seeds)
  --seeds N          run so many schedules
  --from S           first seed (default 1)
  --validators LIST  sizes to choose from, such as 4,7,10,13 (default: 4 to 31, mostly small)
  --jobs N           processes (default: one per core)
  --bug NAME         plant a bug, to see the campaign find and shrink it
  --out FILE         where a failing scenario is left (default campaign-failure.json)
Prints a table, or JSON where the output is no terminal.`

function parseFlags() {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string' },
      seeds: { type: 'string' },
      from: { type: 'string', default: '1' },
      validators: { type: 'string' },
      jobs: { type: 'string' },
      bug: { type: 'string' },
      out: { type: 'string', default: 'campaign-failure.json' },
    },
  })
  const { minutes, seeds, from, validators, jobs, bug, out } = values
  if (bug !== undefined && !bugNamed(bug)) throw new MupibError('usage', `--bug: no planted bug is called '${bug}'`)
  const lastsMinutes = minutes === undefined ? (seeds === undefined ? 1 : Number.POSITIVE_INFINITY) : Number(minutes)
  if (!(lastsMinutes > 0)) throw new MupibError('usage', `--minutes: a number above 0, not '${minutes}'`)
  return {
    lastsMs: lastsMinutes * 60_000,
    seeds: seeds === undefined ? Number.MAX_SAFE_INTEGER / 2 : wholeNumber('seeds', seeds, 1, 1e12),
    from: wholeNumber('from', from, 0, 2 ** 52),
    sizes: validators === undefined ? [] : wholeNumbers('validators', validators, 1, 31),
    jobs: jobs === undefined ? availableParallelism() : wholeNumber('jobs', jobs, 1, 256),
    bug,
    file: out,
  }
}

async function main(): Promise<number> {
  const { file, ...campaign } = parseFlags()
  let ran = 0
  const progress = createProgress(seconds => {
    const timeLeft = Math.max(0, campaign.lastsMs / 1000 - seconds)
    const seedsLeft = ((campaign.seeds - ran) * seconds) / Math.max(1, ran)
    return `${ran} schedules, ${(ran / seconds).toFixed(0)}/s, ${Math.min(timeLeft, seedsLeft).toFixed(0)} s left`
  })
  const result = await interruptible(signal =>
    runCampaign({
      ...campaign,
      signal,
      onProgress: sum => {
        ran = sum.ran
        progress.show()
      },
    }),
  )
  progress.end()
  const report = campaignReport(result, { ...campaign, file })
  if (result.shrunk) fs.writeFileSync(file, encodeReproduction(result.shrunk.reproduction))
  console.log(process.stdout.isTTY ? campaignText(report) : JSON.stringify(report, undefined, 2))
  return exitCodes[report.outcome]
}

await runToExit(usage, main)
