// Wrong clocks on purpose: each process of a local network but the relay has a clock of its own, set through a file in its folder.
import * as fs from 'node:fs'
import { toMupibError } from '../../cli/common/errors.ts'
import { readJson, statOf } from '../../cli/common/files.ts'
import { toJson } from '../../cli/common/output.ts'
import { MupibError } from '../../proto/errors.ts'
import type { Actor } from '../folders.ts'
import { processesOf } from '../process-table.ts'

/** How far a clock is from the machine's. */
export interface ClockShift {
  /** Milliseconds that it is ahead (or behind, below 0). */
  readonly offsetMs?: number
  /** How much faster it goes from now on: 0.01 gains 10 ms each second. */
  readonly driftRate?: number
}

const preload = new URL('preload.js', import.meta.url).href

const hasClock = ({ kind }: Actor): boolean => kind !== 'relay'

/** Arguments of node that give a process its clock; they come before the program. Makes the file through which it is set. */
export function clockArguments(actor: Actor): string[] {
  if (!hasClock(actor)) return []
  if (statOf(actor.clockFile) === undefined) fs.writeFileSync(actor.clockFile, '{}\n')
  return ['--import', `${preload}?${new URLSearchParams({ file: actor.clockFile })}`]
}

/**
 * Sets a process's clock against the machine's, whatever it was before; `{}` sets it right. It stays so when the process is started
 * again. Throws `usage` for the relay, and `refused` where the process runs without a clock of its own.
 */
export function setClock(actor: Actor, { offsetMs = 0, driftRate = 0 }: ClockShift): void {
  if (!hasClock(actor)) throw new MupibError('usage', `${actor.name} asks for no time`)
  if (processesOf(actor).some(({ commandLine }) => !commandLine.includes(preload)))
    throw new MupibError('refused', `${actor.name} was started without a clock of its own`, {
      hint: `"mupib testnet restart ${actor.name}" starts it with one`,
    })
  try {
    // in place: the process watches this very file
    fs.writeFileSync(actor.clockFile, `${toJson({ offsetMs, driftRate, since: Date.now() })}\n`)
  } catch (error) {
    throw toMupibError(error)
  }
}

/** How far a process's clock was set wrong; undefined where it is right. */
export function clockShiftOf(actor: Actor): Required<ClockShift> | undefined {
  if (statOf(actor.clockFile) === undefined) return undefined
  const { offsetMs = 0, driftRate = 0 } = readJson(actor.clockFile, 'bad_config') as ClockShift
  return offsetMs === 0 && driftRate === 0 ? undefined : { offsetMs, driftRate }
}
