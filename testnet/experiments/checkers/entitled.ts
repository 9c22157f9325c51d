// I8: whatever became final and was not refused was signed by someone entitled to that kind of record at its height: the right member, and not one
// whose right had ended below (R6: membership and revocation count from the height after their own).
import type { Checker } from '../history.ts'
import { brief, counted, eventsOf, honestOf, Inquiry } from './inquiry.ts'

const roles: Readonly<Record<string, readonly string[]>> = {
  membership: ['authority'],
  revocation: ['authority'],
  publication: ['bank'],
  return: ['bank'],
  tokenBlock: ['auditor'],
  // valid by what is signed inside them, whichever member carries them
  sessionOpen: ['bank', 'auditor'],
  sessionClose: ['bank', 'auditor'],
}

export const signersEntitled: Checker = run => {
  const inquiry = new Inquiry('I8', 'whatever is final was signed by someone entitled at that height')
  const honest = new Set(honestOf(run))
  const heights = new Map<string, number>()
  for (const { node, height, records } of eventsOf(run, 'final'))
    if (honest.has(node)) for (const record of records) heights.set(record, height)
  let refused = 0
  const seen = new Set<string>()
  for (const { digest, kind, signer, role, number, height, refusal, revokedAt } of eventsOf(run, 'record')) {
    const name = `${kind} ${number} of ${signer} (${brief(digest)}) at height ${height}`
    const at = heights.get(digest)
    if (at !== undefined && at !== height) inquiry.broken(`${name}: in the chain it stands at height ${at}`)
    if (seen.has(digest)) continue
    seen.add(digest)
    inquiry.checked += 1
    if (refusal !== undefined) {
      refused += 1
      continue
    }
    if (roles[kind] === undefined) inquiry.broken(`${name}: no such kind of record`)
    else if (!roles[kind].includes(role))
      inquiry.broken(`${name}: signed as ${role || 'nobody'}, where it takes ${roles[kind].join(' or ')}`)
    if (revokedAt !== undefined && height > revokedAt)
      inquiry.broken(`${name}: the right of its signer ended at height ${revokedAt}`)
  }
  inquiry.restsOn(`${counted(inquiry.checked, 'record')}, ${refused} of them refused`)
  return inquiry.finding()
}
