// The experiment commands as people run them, each a process: what ships, what is refused, runs that pass, repeat and are compared.
import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runProgram } from '../run-program.ts'
import { within } from '../testing.ts'
import type { ReplayReport } from './replay.ts'
import type { ExperimentReport } from './report.ts'
import type { SeedsReport } from './seeds.ts'
import type { ListedExperiment } from './summary.ts'
import type { SweepReport } from './sweep.ts'

let home: string

beforeAll(() => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'mupib-experiments-'))
})

afterAll(() => {
  fs.rmSync(home, { recursive: true, force: true })
})

const experiment = (...args: string[]) => {
  const words = ['experiment', ...args]
  return within(words.join(' '), runProgram(words))
}

const errorOf = (errors: string): unknown => JSON.parse(errors.trim().split('\n').at(-1)!).error

describe('list and show', () => {
  it('list what ships with its engines, and print one as a file to begin with', async () => {
    const [list, text, file] = await Promise.all([
      experiment('list'),
      experiment('list', '--no-json'),
      experiment('show', 'lossy-network'),
    ])
    const experiments = JSON.parse(list.output) as ListedExperiment[]
    expect(experiments.length).toBeGreaterThanOrEqual(18)
    expect(experiments.find(({ name }) => name === 'lossy-network')).toMatchObject({
      engines: ['simulated'],
      leftOut: { real: ['loss', 'duplicate', 'reorder'] },
    })
    expect(text.output).toMatch(
      /\nlossy-network +Messages are lost.* +simulated, real without loss, duplicate, reorder\n/,
    )
    expect(file.output).toMatch(/^name: lossy-network\n/)
  })
})

describe('run refuses', () => {
  it.each<readonly [what: string, args: readonly string[], code: string, hint: string | undefined]>([
    ['a name that it does not know', ['leader-crush'], 'bad_input', 'did you mean leader-crash?'],
    ['two engines', ['calm', '--real', '--simulated'], 'usage', 'run it twice'],
    ['two sweeps', ['calm', '--sweep', 'rate=1,2', '--sweep', 'users=1,2'], 'usage', 'set the other one with --set'],
    ['a value that is none', ['calm', '--set', 'validatros=7'], 'usage', 'did you mean validators?'],
    ['nothing at all', [], 'usage', 'mupib experiment list shows what there is'],
    ['one and all', ['calm', '--all'], 'usage', 'mupib experiment list shows what there is'],
    ['a folder that is in use', ['calm', '--out', '.'], 'usage', 'name a folder that is new or empty'],
  ])('%s', async (_, args, code, hint) => {
    const { exitCode, errors, output } = await experiment('run', ...args)
    expect([exitCode, output]).toEqual([2, ''])
    expect(errorOf(errors)).toMatchObject({ code, hint })
  })

  it('a bad file with every problem at its line', async () => {
    const file = path.join(home, 'bad.yaml')
    fs.writeFileSync(file, 'name: bad\ntitle: Bad\nnetwrk: {}\nfaults:\n  - kil: {}\n')
    const [script, people] = await Promise.all([experiment('run', file), experiment('run', file, '--no-json')])
    expect([script.exitCode, people.exitCode]).toEqual([2, 2])
    expect(errorOf(script.errors)).toMatchObject({
      code: 'bad_input',
      message: `${file}:3:1: netwrk: is no key that is known here`,
      problems: [{ line: 3 }, { line: 5, column: 5, path: 'faults[0].kil', hint: 'did you mean kill?' }],
    })
    expect(people.errors.trimEnd().split('\n')).toEqual([
      `${file}:5:5: faults[0].kil: is no fault and no key of one (did you mean kill?)`,
      `mupib: ${file}:3:1: netwrk: is no key that is known here [bad_input] (did you mean network?)`,
    ])
  })

  it('to replay what is no report', async () => {
    const file = path.join(home, 'other.json')
    fs.writeFileSync(file, '{"format":"mupib-sweep/1"}')
    const { exitCode, errors } = await experiment('replay', file)
    expect(exitCode).toBe(2)
    expect(errorOf(errors)).toMatchObject({ code: 'bad_input', hint: 'its format is "mupib-experiment/1"' })
  })
})

describe('simulated', () => {
  it('a run leaves its report, and comes out the same when it is repeated', async () => {
    const out = path.join(home, 'once')
    const run = await experiment('run', 'leader-crash', '--seed', '7', '--out', out)
    const report = JSON.parse(run.output) as ExperimentReport
    expect([run.exitCode, report.outcome, report.reasons]).toEqual([0, 'pass', []])
    expect(report.command).toBe('mupib experiment run leader-crash --simulated --seed 7')
    expect(fs.readdirSync(out).toSorted()).toEqual(['history.jsonl', 'manifest.yaml', 'report.html', 'report.json'])
    expect(JSON.parse(fs.readFileSync(path.join(out, 'report.json'), 'utf8'))).toEqual(report)

    const again = await experiment('replay', out)
    const replay = JSON.parse(again.output) as ReplayReport
    expect([again.exitCode, replay.same, replay.traceHash.now]).toEqual([0, true, report.traceHash])

    fs.writeFileSync(path.join(out, 'report.json'), JSON.stringify({ ...report, seed: 8 }))
    const other = await experiment('replay', out)
    expect([other.exitCode, (JSON.parse(other.output) as ReplayReport).same]).toEqual([1, false])
  })

  it('many seeds end with the first that fails, and keep everything of it', async () => {
    const file = path.join(home, 'impossible.yaml')
    fs.writeFileSync(file, 'name: impossible\ntitle: Nobody is that quick\nexpect: {delivered: 1000000}\n')
    const out = path.join(home, 'seeds')
    const { exitCode, output } = await experiment('run', file, '--seed', '3', '--seeds', '4', '--out', out)
    const report = JSON.parse(output) as SeedsReport
    expect([exitCode, report.outcome, report.seeds.ran, report.firstFailure?.seed]).toEqual([1, 'fail', 1, 3])
    const kept = JSON.parse(fs.readFileSync(path.join(out, 'report.json'), 'utf8')) as ExperimentReport
    expect([kept.seed, kept.outcome, kept.traceHash]).toEqual([3, 'fail', report.runs[0]!.traceHash])
  })

  it('a sweep leaves a table, a picture and a page', async () => {
    const out = path.join(home, 'sweep')
    const { exitCode, output } = await experiment(
      'run',
      'calm',
      '--sweep',
      'validators=4,7',
      '--seeds',
      '2',
      '--out',
      out,
    )
    const report = JSON.parse(output) as SweepReport
    expect([exitCode, report.outcome, report.runs.length]).toEqual([0, 'pass', 4])
    expect(report.medians.every(({ tokensPerSecond }) => tokensPerSecond! > 0)).toBe(true)
    expect(fs.readdirSync(out).toSorted()).toEqual(['sweep.csv', 'sweep.html', 'sweep.json', 'sweep.svg'])
  })
})
