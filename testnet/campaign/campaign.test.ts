// The campaign: same seeds, same traces; what fails is found, shrunk, and repeated from its file.
import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bugNamed } from '../../consensus/simulator/bugs.ts'
import { runSchedule } from '../../consensus/simulator/simulation.ts'
import { faultsBorne } from '../../proto/chain.ts'
import { runToEnd } from '../run-program.ts'
import { drawScenario } from './draw.ts'
import { amongValidators, isBearable, simplerFaults, simplifications, sizeOf } from './reduce.ts'
import { decodeReproduction, encodeReproduction, optionsOf, type Reproduction } from './scenario-file.ts'
import { shrink } from './shrink.ts'
import { addStretches, emptyStretch, runStretch } from './stretch.ts'

const patience = { timeout: 120_000 }
let dir: string
beforeAll(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'mupib-campaign-'))
})
afterAll(() => fs.rmSync(dir, { recursive: true, force: true }))

const program = (name: string, ...args: string[]): ReturnType<typeof runToEnd> =>
  runToEnd(process.execPath, ['--import', 'tsx', fileURLToPath(new URL(name, import.meta.url)), ...args])

function firstFailure(name: string, sizes: readonly number[]): Reproduction {
  for (let from = 1; from < 2000; from += 10) {
    const { failure } = runStretch({ type: 'run', from, count: 10, sizes, bug: name })
    if (failure) return failure
  }
  throw new Error(`${name} was not found`)
}

test('a block that is lost between its arrival and its execution is dropped: seed 27275', () => {
  expect(
    runStretch({ type: 'run', from: 27_275, count: 1, sizes: [4, 7, 10, 13], bug: undefined }).failure,
  ).toBeUndefined()
})

describe('what is drawn', () => {
  const drawn = Array.from({ length: 400 }, (_, at) => drawScenario(at + 1, []))

  test('sizes from 4 to 31, never more heavy faults than are borne, adversaries of several kinds together', () => {
    const sizes = drawn.map(({ validators }) => validators)
    expect([Math.min(...sizes), Math.max(...sizes)]).toEqual([4, 31])
    for (const scenario of drawn) expect(isBearable(scenario)).toBe(true)
    const mixed = drawn.filter(({ byzantine }) => new Set(byzantine.values()).size > 1)
    expect(mixed.length).toBeGreaterThan(40)
    expect(drawn.some(({ byzantine, validators }) => byzantine.size === faultsBorne(validators))).toBe(true)
    expect(drawn.some(({ byzantine, deadAtEnd }) => byzantine.size > 0 && deadAtEnd.length > 0)).toBe(true)
    expect(new Set(drawn.map(({ timing }) => timing.timeoutMs)).size).toBe(3)
  })

  test('fewer validators are numbered anew, in whatever names them', () => {
    const scenario = drawn.find(({ validators, byzantine }) => validators >= 10 && byzantine.size > 1)!
    const [liar, ...others] = scenario.byzantine.keys()
    const kept = [...Array(scenario.validators).keys()].filter(node => !others.includes(node)).slice(-5)
    const fewer = amongValidators(scenario, kept.includes(liar!) ? kept : [liar!, ...kept.slice(1)])
    expect(fewer.validators).toBe(5)
    expect([...fewer.byzantine.values()]).toEqual([scenario.byzantine.get(liar!)])
    const named =
      JSON.stringify([fewer.faults, fewer.submissions]).match(/"(?:nodes?|from|to)":(\[[^\]]*\]|\d+)/g) ?? []
    for (const text of named) for (const node of text.match(/\d+/g) ?? []) expect(Number(node)).toBeLessThan(5)
    expect(sizeOf(fewer)).toBeLessThan(sizeOf(scenario))
    for (const simpler of [...simplifications(scenario), ...simplerFaults(scenario)])
      expect(simpler).not.toEqual(scenario)
  })
})

test('the same seeds give the same traces, in one stretch or in two', patience, () => {
  const run = (from: number, count: number) => runStretch({ type: 'run', from, count, sizes: [4, 7], bug: undefined })
  const whole = run(1, 40)
  expect(addStretches(addStretches(emptyStretch, run(21, 20)), run(1, 20))).toEqual(whole)
  expect(whole).toMatchObject({ ran: 40, failure: undefined })
  // Rewritten with `-u` when what a seed draws has changed, never for another reason.
  expect(whole.traces.toString(16)).toMatchInlineSnapshot(`"158e96eb"`)
})

describe('what fails is shrunk', () => {
  test.for(['notarize-twice', 'proposal-not-persisted', 'nullify-without-repeat', 'catch-up-unverified'])(
    '%s',
    patience,
    name => {
      const failing = firstFailure(name, [7, 10])
      const { reproduction, runs, sizes } = shrink(failing, 400)
      expect(runs).toBeLessThanOrEqual(400)
      expect(sizes).toEqual([sizeOf(failing.scenario), sizeOf(reproduction.scenario)])
      expect(sizes[1], 'parts left').toBeLessThan(sizes[0] / 2)
      expect(reproduction.invariant).toBe(failing.invariant)
      // What the file says is enough to fail again, and the bug is what it needs for it.
      const read = decodeReproduction(encodeReproduction(reproduction))
      expect(read).toEqual(reproduction)
      expect(runSchedule(read.seed, optionsOf(read)).violations[0]).toMatchObject({
        invariant: failing.invariant,
        text: reproduction.text,
      })
      expect(runSchedule(read.seed, { scenario: read.scenario }).violations).toEqual([])
    },
  )

  test('a file that is none, and a bug that is none, are refused', () => {
    expect(() => decodeReproduction('{"format": "mupib/scenario/1", "seed": -1}')).toThrow('not a scenario')
    expect(() => optionsOf({ scenario: drawScenario(1, [4]), bug: 'none' })).toThrow("no planted bug is called 'none'")
    expect(bugNamed('none')).toBeUndefined()
  })
})

test('the programs: a campaign passes; one with a bug leaves a file that `npm run sim` repeats', patience, async () => {
  const file = path.join(dir, 'failure.json')
  const clean = await program('run-campaign.ts', '--seeds', '12', '--validators', '4', '--jobs', '1')
  expect(clean.exitCode, clean.errors).toBe(0)
  expect(JSON.parse(clean.output)).toMatchObject({ outcome: 'pass', schedules: 12, seeds: [1, 12], sizes: [4] })
  const flags = ['--validators', '7', '--jobs', '1', '--bug', 'notarize-twice', '--out', file]
  const broken = await program('run-campaign.ts', ...flags)
  expect(broken.exitCode, broken.errors).toBe(1)
  const { failure } = JSON.parse(broken.output)
  expect(failure).toMatchObject({ invariant: 'I7', file, repeat: `npm run sim -- --scenario ${file} --trace` })
  expect(failure.shrunkTo).toBeLessThan(failure.shrunkFrom / 2)
  const repeated = await program('../simulate-consensus.ts', '--scenario', file, '--trace')
  expect(repeated.exitCode, repeated.errors).toBe(1)
  expect(repeated.output).toContain(failure.text)
  expect((await program('run-campaign.ts', '--minutes', 'x')).exitCode).toBe(2)
})
