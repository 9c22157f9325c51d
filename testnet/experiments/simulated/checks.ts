// Rules that only a simulated run shows enough of to be checked: what follows from the numbers, expiries and trust that its records carry.
import { check } from '../checkers/index.ts'
import { brief, counted, eventsOf, honestOf, Inquiry } from '../checkers/inquiry.ts'
import type { Checker, Finding, Run } from '../history.ts'

/** I7 for banks and auditors: what is persisted before it is submitted is never signed under the same number again. */
const numbersOnce: Checker = run => {
  const inquiry = new Inquiry('I7', 'no bank or auditor signs two records under one number')
  for (const { signer, kind, number, refusal, digest } of eventsOf(run, 'record')) {
    inquiry.checked += 1
    if (refusal === 'number_used')
      inquiry.broken(`${signer} signed ${kind} ${number} once more: ${brief(digest)} was refused for it`)
  }
  inquiry.restsOn(counted(inquiry.checked, 'record'))
  return inquiry.finding()
}

/** I6: what expired unspent is the bank's. */
const expiredStay: Checker = run => {
  const inquiry = new Inquiry('I6', 'no token is consumed after its expiry')
  const honest = new Set(honestOf(run))
  const times = new Map<number, number>()
  for (const { node, height, time } of eventsOf(run, 'final')) if (honest.has(node)) times.set(height, time)
  const expiries = new Map<string, number>()
  for (const event of eventsOf(run, 'record')) {
    if (event.expiry !== undefined && event.refusal === undefined)
      expiries.set(`${event.signer}-${event.number}`, event.expiry)
    const time = times.get(event.height) ?? 0
    for (const serial of event.consumed ?? []) {
      const expiry = expiries.get(serial.slice(0, serial.lastIndexOf('-')))
      if (expiry === undefined) continue
      inquiry.checked += 1
      if (time > expiry) inquiry.broken(`token ${serial} was consumed ${time - expiry} ms after its expiry`)
    }
  }
  inquiry.restsOn(counted(inquiry.checked, 'consumed token'))
  return inquiry.finding()
}

/** W after a block by eq. 7 with neutral trust, rounded down. */
function nextBlockSize(w0: number, blockSize: number, gammaBefore: number, gammaAfter: number): number {
  if (gammaAfter === gammaBefore) return blockSize
  if (blockSize === 0 || gammaAfter > w0) return 0
  return Number((BigInt(blockSize) * BigInt(w0 + 1 - gammaAfter)) / BigInt(w0 + 1 - gammaBefore))
}

/**
 * I6: what an auditor delivers without a verdict stays below the W that it knew. Payments are queued while a block is in flight, so that W from
 * before the auditor's last block counts. All auditors of a simulated run have the same neutral terms.
 */
const exposureBounded: Checker = run => {
  const inquiry = new Inquiry('I6', 'what an auditor delivers before the verdict stays below W')
  const standings = new Map<string, { w0: number; blockSize: number }>()
  const known = new Map<string, number[]>()
  for (const { block, signer, number, refusal } of eventsOf(run, 'record')) {
    if (!block || refusal !== undefined) continue
    const { user, tokens, pending, gammaBefore, gammaAfter, w0 } = block
    const standing = standings.get(user) ?? { w0: w0 ?? 0, blockSize: w0 ?? 0 }
    const ofAuditor = known.get(`${signer}/${user}`) ?? []
    const bound = ofAuditor.at(-2) ?? standing.w0
    inquiry.checked += 1
    const delivered = tokens - pending
    if (delivered > 0 && delivered >= bound)
      inquiry.broken(
        `block ${number} of ${signer} for ${brief(user)} holds ${delivered} delivered tokens, W was ${bound}`,
      )
    const blockSize = nextBlockSize(standing.w0, standing.blockSize, gammaBefore, gammaAfter)
    standings.set(user, { w0: standing.w0, blockSize })
    known.set(`${signer}/${user}`, [...ofAuditor, blockSize])
  }
  inquiry.restsOn(counted(inquiry.checked, 'token block'))
  return inquiry.finding()
}

/** Holds a simulated run against every rule. */
export const checkSimulated = (run: Run): Finding[] => [
  ...check(run),
  ...[numbersOnce, expiredStay, exposureBounded].map(checker => checker(run)),
]
