// When each fault begins and ends: the fault phase of an experiment laid out on one clock.
import type { ActionName, Fault } from '../manifest.ts'

/** One stretch of a fault, in milliseconds since the fault phase began. */
export interface Stretch {
  /** Its place in the experiment file. */
  readonly fault: number
  readonly from: number
  /** The same as `from` where it is over at once. */
  readonly to: number
}

/** What is done in a moment and not held. */
const momentary: ReadonlySet<ActionName> = new Set<ActionName>([
  'reset',
  'killAtBoundary',
  'restart',
  'tornTail',
  'flipBit',
  'oldSnapshot',
  'wipe',
  'clockJump',
  'revoke',
])

/** The stretches of all faults, by when they begin. What would begin after the phase is left out, what would outlast it ends with it. */
export function stretchesOf(faults: readonly Fault[], phaseMs: number): Stretch[] {
  return faults.flatMap(stretchesOfOne(phaseMs)).sort((a, b) => a.from - b.from || a.fault - b.fault)
}

const stretchesOfOne =
  (phaseMs: number) =>
  (fault: Fault, index: number): Stretch[] => {
    const { at, lasts, every } = fault
    const stretches: Stretch[] = []
    for (let from = at; from < phaseMs; from += every ?? Number.POSITIVE_INFINITY) {
      const next = every === undefined ? phaseMs : from + every
      const held = momentary.has(fault.action) ? 0 : next - from
      stretches.push({ fault: index, from, to: Math.min(from + (lasts ?? held), phaseMs) })
    }
    return stretches
  }

/** Resolves when so many milliseconds have passed since `start` (of performance.now()); rejects with the signal's reason. */
export function whenPassed(start: number, milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const onAbort = (): void => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    const timer = setTimeout(
      () => {
        signal.removeEventListener('abort', onAbort)
        resolve()
      },
      Math.max(0, start + milliseconds - performance.now()),
    )
    signal.addEventListener('abort', onAbort, { once: true })
  })
}

/** Resolves after so many milliseconds, or at once when the signal aborts; never rejects. */
export const pause = (milliseconds: number, signal?: AbortSignal): Promise<void> =>
  whenPassed(performance.now(), milliseconds, signal ?? new AbortController().signal).catch(() => {})

/** The promise's value, or undefined where it takes longer than so many milliseconds. Its failure is thrown. */
export async function atMost<T>(milliseconds: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>(resolve => {
    timer = setTimeout(() => resolve(undefined), milliseconds)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
