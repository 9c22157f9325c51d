// I13: the same seed gives the same trace hash. One run cannot show it: whoever ran the seed again hands in both hashes.
import type { Finding } from '../history.ts'
import { brief, Inquiry } from './inquiry.ts'

/** Idle with fewer than two hashes. */
export function sameTrace(hashes: readonly (string | undefined)[]): Finding {
  const inquiry = new Inquiry('I13', 'the same seed gives the same trace')
  const known = hashes.filter(hash => hash !== undefined)
  const [first] = known
  for (const hash of known.slice(1)) {
    inquiry.checked += 1
    if (hash !== first) inquiry.broken(`${brief(first!)} the first time, ${brief(hash)} when it was repeated`)
  }
  if (first !== undefined) inquiry.restsOn(`${known.length} runs, all ${brief(first)}`)
  return inquiry.finding()
}
