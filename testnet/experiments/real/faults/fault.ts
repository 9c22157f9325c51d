// What all faults of a real run work on, and what each of them is: something that begins, and that can be ended.
import type { SeededRandom } from '../../../random.ts'
import type { ReplayedNetwork } from '../../../replay/parties.ts'
import type { Action, ActionName } from '../../manifest.ts'
import type { Disks } from '../disks.ts'
import type { Field } from '../field.ts'
import type { Recorder } from '../recorder.ts'
import type { LinkBook } from './link-book.ts'

export interface FaultContext {
  readonly field: Field
  readonly links: LinkBook
  readonly disks: Disks
  readonly recorder: Recorder
  readonly random: SeededRandom
  readonly network: ReplayedNetwork
  /** The view timeout, in milliseconds. */
  readonly timeoutMs: number
  readonly progress: (line: string) => void
  readonly signal: AbortSignal
  /** Copies of stores, by validator, that `oldSnapshot` puts back. */
  readonly snapshots: Map<string, string>
  /** Validators that an experiment leaves without their votes. */
  readonly lost: Set<string>
}

/** A fault that has begun. */
export interface Begun {
  readonly nodes: readonly string[]
  readonly text: string
  /** Takes it back, as far as it can be: what it left is put right when all faults stop. */
  end(): Promise<void>
}

/** Thrown where this machine or this engine cannot give a fault. */
export class Skipped extends Error {}

export type ActionOf<Name extends ActionName> = Extract<Action, { action: Name }>

export type Begin<Name extends ActionName> = (context: FaultContext, action: ActionOf<Name>) => Promise<Begun>

/** For what is done in a moment. */
export const nothingToEnd = async (): Promise<void> => {}

/** Does something for each name at once; the first failure is thrown when all are through. */
export async function forAll(names: readonly string[], work: (name: string) => Promise<unknown>): Promise<void> {
  const results = await Promise.allSettled(names.map(work))
  const failed = results.find(result => result.status === 'rejected')
  if (failed) throw failed.reason
}

export const named = (nodes: readonly string[]): string => nodes.join(', ')
