// One run of an experiment: what is run, with what seed, by which engine, and how somebody does the same again.
import { MupibError } from '../../proto/errors.ts'
import type { Experiment } from './library.ts'
import { pathText } from './schema.ts'
import { type Setting, withSettings } from './settings.ts'
import type { EngineName } from './support.ts'

export interface Trial {
  /** The experiment file with all its settings made. */
  readonly text: string
  readonly file: string
  readonly engine: EngineName
  readonly seed: number
  /** Repeats it. */
  readonly command: string
}

/** An argument as a shell takes it back. */
export const quoted = (argument: string): string =>
  /^[\w./=,:@%+-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`

/** The trial of an experiment with some values set. Throws as withSettings does. */
export function trialOf(experiment: Experiment, settings: readonly Setting[], engine: EngineName, seed: number): Trial {
  const { text, file } = withSettings(experiment, settings)
  const sets = settings.map(({ path, value }) => `--set ${quoted(`${pathText(path)}=${value}`)}`)
  const command = ['mupib experiment run', quoted(experiment.reference), ...sets, `--${engine} --seed ${seed}`].join(
    ' ',
  )
  return { text, file, engine, seed, command }
}

/** Seeds are what a 32 bit generator can be started with. */
export const seedMax = 0xffff_ffff

/** So many seeds, from one on. Throws `usage` where there are not so many. */
export function seedsFrom(first: number, count: number): number[] {
  if (first + count - 1 > seedMax)
    throw new MupibError('usage', `there are no ${count} seeds from ${first} on`, {
      hint: `the last one is ${seedMax}`,
    })
  return Array.from({ length: count }, (_, at) => first + at)
}
