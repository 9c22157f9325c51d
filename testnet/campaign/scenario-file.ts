// One schedule as a JSON file that repeats it: the seed, the whole scenario, and what broke.
import * as fs from 'node:fs'
import * as z from 'zod'
import { bugNamed } from '../../consensus/simulator/bugs.ts'
import type { Scenario } from '../../consensus/simulator/scenario.ts'
import type { ScheduleOptions } from '../../consensus/simulator/simulation.ts'
import { MupibError } from '../../proto/errors.ts'

const format = 'mupib/scenario/1'

/** Stands for an invariant where the simulator itself threw. */
export const exception = 'exception'

/** A schedule and the rule that it breaks. */
export interface Reproduction {
  readonly seed: number
  readonly scenario: Scenario
  readonly invariant: string
  readonly text: string
  /** The bug that was planted, if any. */
  readonly bug?: string
}

/** Only what is needed to tell such a file from any other; the simulator is the judge of the rest. */
const fileSchema = z.looseObject({
  format: z.literal(format),
  seed: z.int().min(0),
  invariant: z.string(),
  text: z.string(),
  bug: z.string().optional(),
  scenario: z.looseObject({
    validators: z.int().min(1).max(128),
    timing: z.object({ timeoutMs: z.number(), idleMs: z.number(), driftMs: z.number() }),
    healMs: z.number(),
    byzantine: z.instanceof(Map),
    rotsAt: z.instanceof(Map),
    faults: z.array(z.looseObject({ type: z.string(), at: z.number() })),
    submissions: z.array(z.looseObject({ at: z.number(), nodes: z.array(z.number()) })),
  }),
})

const isEntries = (value: unknown): value is { entries: [unknown, unknown][] } =>
  typeof value === 'object' && value !== null && 'entries' in value && Array.isArray(value.entries)

/** Maps stand in the file as `{"entries": [[key, value], …]}`. */
export function encodeReproduction(reproduction: Reproduction): string {
  const plain = (_: string, value: unknown): unknown => (value instanceof Map ? { entries: [...value] } : value)
  return `${JSON.stringify({ format, ...reproduction }, plain, 2)}\n`
}

/** Throws `malformed` where the text is no such file. */
export function decodeReproduction(text: string): Reproduction {
  const revive = (_: string, value: unknown): unknown => (isEntries(value) ? new Map(value.entries) : value)
  try {
    const { format: _, ...said } = fileSchema.parse(JSON.parse(text, revive))
    return said as unknown as Reproduction
  } catch (error) {
    throw new MupibError('malformed', 'not a scenario that the simulator wrote', {
      hint: 'give a file that "npm run sim:campaign" left behind',
      field: error instanceof z.ZodError ? error.issues[0]?.path.join('.') : undefined,
    })
  }
}

/** Throws `bad_input` where there is no such file. */
export function readReproduction(file: string): Reproduction {
  try {
    return decodeReproduction(fs.readFileSync(file, 'utf8'))
  } catch (error) {
    if (error instanceof MupibError) throw error
    throw new MupibError('bad_input', `cannot read ${file}`, { hint: 'give the path of a scenario file' })
  }
}

/** What runs the schedule again. Throws `bad_input` where its bug is not known. */
export function optionsOf({ scenario, bug: name }: Pick<Reproduction, 'scenario' | 'bug'>): ScheduleOptions {
  if (name === undefined) return { scenario }
  const bug = bugNamed(name)
  if (!bug) throw new MupibError('bad_input', `no planted bug is called '${name}'`)
  return { scenario, bug }
}
