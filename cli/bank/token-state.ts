// What a bank knows of tokens that a holder asks about: used up (redeemed or returned), on their way back, or nothing. That a token lies in an
// auditor's queue it cannot know: a restored wallet asks both.
import { bytesEqual } from '../../proto/bytes.ts'
import { MupibError } from '../../proto/errors.ts'
import { parseSerial } from '../common/serial.ts'
import type { Desk } from './desk.ts'
import { unusableOf } from './token-use.ts'

export type TokenKnown = 'unknown' | 'queued' | 'consumed'

/** Publications and indices that undecided returns hold. */
function placesInReturns(desk: Desk, returns: readonly number[]): Set<string> {
  const places = new Set<string>()
  for (const number of returns) {
    const record = desk.records.record('return', number)?.record
    for (const { group, index } of record?.payment.tokens ?? [])
      places.add(`${record!.groups[group]!.publication}-${index}`)
  }
  return places
}

/** The states of a holder's tokens by their serials. Throws `usage`, `not_found`, `holder_mismatch`. */
export function tokenStates(
  desk: Desk,
  openReturns: readonly number[],
  holder: Uint8Array,
  serials: readonly string[],
): Record<string, TokenKnown> {
  const queued = placesInReturns(desk, openReturns)
  const issued = new Map<number, ReturnType<Desk['tokens']['publication']>>()
  const stateOf = (serial: string): TokenKnown => {
    const { publication, index } = parseSerial(serial)
    if (!issued.has(publication)) issued.set(publication, desk.tokens.publication(publication))
    const shares = issued.get(publication)?.shares
    const use = desk.tokens.tokenUse(publication)
    const share = shares?.find(({ start, count }) => index >= start && index < start + count)
    if (!share || !use) throw new MupibError('not_found', `this bank issued no token ${serial}`)
    if (!bytesEqual(share.holder, holder))
      throw new MupibError('holder_mismatch', `token ${serial} is another holder's`, { field: 'serials' })
    if (unusableOf(use, [index]) !== undefined) return 'consumed'
    return queued.has(`${publication}-${index}`) ? 'queued' : 'unknown'
  }
  return Object.fromEntries(serials.map(serial => [serial, stateOf(serial)]))
}
