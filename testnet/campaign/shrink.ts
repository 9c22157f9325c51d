// Greedy minimisation of a schedule that fails (delta debugging, Zeller and Hildebrandt 2002): whatever can be left out or made simpler
// without the same invariant ceasing to break, is.
import type { Scenario } from '../../consensus/simulator/scenario.ts'
import { runSchedule, type ScheduleOptions } from '../../consensus/simulator/simulation.ts'
import { amongValidators, isBearable, simplerFaults, simplifications, sizeOf, validatorsMin } from './reduce.ts'
import { exception, optionsOf, type Reproduction } from './scenario-file.ts'

/** Chance decides whether a smaller schedule still fails: it gets so many seeds to show it. */
const seedsTried = 3
/** Schedules run at most, all in all. */
const runsMaxDefault = 1500

export interface Shrunk {
  readonly reproduction: Reproduction
  readonly runs: number
  /** See sizeOf, before and after. */
  readonly sizes: readonly [number, number]
}

/** The smallest schedule found that breaks the same invariant. Runs at most `runsMax` schedules. */
export function shrink(failing: Reproduction, runsMax = runsMaxDefault): Shrunk {
  const shrinker = new Shrinker(failing, runsMax)
  shrinker.run()
  const { current, runs } = shrinker
  return { reproduction: current, runs, sizes: [sizeOf(failing.scenario), sizeOf(current.scenario)] }
}

class Shrinker {
  current: Reproduction
  runs = 0
  readonly #runsMax: number
  readonly #options: ScheduleOptions
  /** What the protocol bears must not become more than it bears: that would fail for another reason. */
  readonly #mustBear: boolean

  constructor(failing: Reproduction, runsMax: number) {
    this.current = failing
    this.#runsMax = runsMax
    this.#options = optionsOf(failing)
    this.#mustBear = isBearable(failing.scenario)
  }

  run(): void {
    let before: Reproduction
    do {
      before = this.current
      this.#dropValidators()
      this.#dropFrom('faults')
      this.#dropAdversaries()
      this.#dropFrom('submissions')
      for (const variants of [simplifications, simplerFaults]) this.#simplify(variants)
    } while (this.current !== before && this.runs < this.#runsMax)
  }

  /** Takes the scenario in place of the current one if the same invariant breaks. */
  #accepts(scenario: Scenario): boolean {
    if (this.#mustBear && !isBearable(scenario)) return false
    const { seed: first, invariant } = this.current
    for (let seed = first; seed < first + seedsTried && this.runs < this.#runsMax; seed++) {
      this.runs++
      const violation = this.#play(seed, scenario)
      if (violation?.invariant !== invariant) continue
      this.current = { ...this.current, seed, scenario, text: violation.text }
      return true
    }
    return false
  }

  #play(seed: number, scenario: Scenario): { readonly invariant: string; readonly text: string } | undefined {
    try {
      return runSchedule(seed, { ...this.#options, scenario }).violations[0]
    } catch (error) {
      return { invariant: exception, text: String(error) }
    }
  }

  /** Leaves out half of a list, then quarters, down to single entries; `without` puts the scenario together from what is kept. */
  #drop<T>(list: readonly T[], least: number, without: (scenario: Scenario, kept: readonly T[]) => Scenario): void {
    const whole = this.current.scenario
    let kept = list
    for (let count = Math.ceil(list.length / 2); count >= 1; count = count === 1 ? 0 : Math.ceil(count / 2)) {
      let start = 0
      while (start < kept.length) {
        const fewer = [...kept.slice(0, start), ...kept.slice(start + count)]
        if (fewer.length >= least && this.#accepts(without(whole, fewer))) kept = fewer
        else start += count
      }
    }
  }

  #dropFrom(name: 'faults' | 'submissions'): void {
    this.#drop<Scenario[typeof name][number]>(this.current.scenario[name], 0, (scenario, kept) => ({
      ...scenario,
      [name]: kept,
    }))
  }

  #dropAdversaries(): void {
    const { byzantine, deadAtEnd, rotsAt } = this.current.scenario
    this.#drop([...byzantine.keys(), ...deadAtEnd, ...rotsAt.keys()], 0, (scenario, kept) => ({
      ...scenario,
      byzantine: new Map([...byzantine].filter(([node]) => kept.includes(node))),
      deadAtEnd: deadAtEnd.filter(node => kept.includes(node)),
      rotsAt: new Map([...rotsAt].filter(([node]) => kept.includes(node))),
    }))
  }

  #dropValidators(): void {
    const all = [...Array(this.current.scenario.validators).keys()]
    this.#drop(all, validatorsMin, amongValidators)
  }

  /** Tries each variant of the current scenario; after one that is taken, those of the new one. */
  #simplify(variantsOf: (scenario: Scenario) => Scenario[]): void {
    let index = 0
    let variants = variantsOf(this.current.scenario)
    while (index < variants.length && this.runs < this.#runsMax) {
      if (this.#accepts(variants[index] as Scenario)) variants = variantsOf(this.current.scenario)
      else index++
    }
  }
}
