// The lock suites by name, and what is done with a whole chain of locks.
import type { LockSuiteName } from '../session/terms.ts'
import { blsSuite } from './bls.ts'
import type { LockedStep, LockLink, LockSuite, LockVerifier } from './lock-suite.ts'
import { schnorrSuite } from './schnorr.ts'
import { xorSuite } from './xor.ts'

const suites: Readonly<Record<LockSuiteName, LockSuite>> = { xor: xorSuite, schnorr: schnorrSuite, bls: blsSuite }

export const lockSuite = (name: LockSuiteName): LockSuite => suites[name]

/**
 * Opens a chain backwards from the signature of its last link: σ_{i-1} from ℓk_i and σ_i. Returns the signatures from the last to that of
 * `first`, and stops before the first that does not hold, as after a wrong lock of a suite that cannot check them on arrival. Where every lock was
 * checked (`areChecked`), one good signature makes all earlier ones good, and only that one is verified.
 */
export function openChain(
  suite: LockSuite,
  verifier: LockVerifier,
  first: LockedStep,
  links: readonly LockLink[],
  released: Uint8Array,
  areChecked: boolean,
): Uint8Array[] {
  const steps = [first, ...links]
  if (!verifier.verify(steps.at(-1)!, released)) return []
  const opened = [released]
  for (let at = links.length - 1; at >= 0; at--) {
    const signature = suite.unlock(links[at]!.lock, opened.at(-1)!)
    if (!signature || (!areChecked && !verifier.verify(steps[at]!, signature))) break
    opened.push(signature)
  }
  return opened
}

/** The first link whose lock is bad, by halving; undefined where all are good. */
export function firstBadLock(
  verifier: LockVerifier,
  first: LockedStep,
  links: readonly LockLink[],
): number | undefined {
  if (links.length === 0 || verifier.verifyLocks(first, links)) return undefined
  if (links.length === 1) return 0
  const half = links.length >> 1
  const early = firstBadLock(verifier, first, links.slice(0, half))
  if (early !== undefined) return early
  const late = firstBadLock(verifier, links[half - 1]!, links.slice(half))
  return late === undefined ? undefined : half + late
}
