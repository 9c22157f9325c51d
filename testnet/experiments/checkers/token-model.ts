// What a token is to whoever watches from outside: unpublished, live, or consumed by one record. Operations change it in one step each
// (docs/protocol.md, section 3):
//  1. A publication that was decided makes an unpublished token live, and no token twice.
//  2. 11 consumed takes a live token; a return's is that as well (taken back). 11 released takes it until the end of its record only.
//  3. 10 takes a token that an earlier record consumed, or that its own record took before; where the first use is told, it is that record. The
//     same payment in another record is no exception: its tokens are consumed.
//  4. 00 unpublished (bank unknown, bank dead) takes an unpublished token; 01, 00 expired and 00 not the one published take a published one, and
//     leave it as it is. 00 payment decided says nothing of the token itself.
//  5. An operation whose end is unknown has its effect once, or never.
import type { TokenSpent } from '../history.ts'

/** Of one token: `by:` is followed by the record that consumed it. */
export type TokenState = 'unpublished' | 'live' | `by:${string}`

/** What one record does to one token. */
export interface Operation {
  readonly record: string
  readonly kind: 'publish' | 'spend'
  /** It took effect in this stretch (both ends included); a record whose end is unknown has no end, and need not have happened. */
  readonly fromMs: number
  readonly toMs: number
  readonly isDecided: boolean
  /** The token's answers, in their order in the record. */
  readonly answers: readonly Omit<TokenSpent, 'serial'>[]
}

/** Whether an answer other than 11 fits a token; `isTaken`: by an earlier payment of the same record. */
function fits(
  { verdict, reason, firstUse }: Operation['answers'][number],
  record: string,
  state: TokenState,
  isTaken: boolean,
): boolean {
  if (verdict === '10') {
    if (reason === 'repeated_in_block') return isTaken
    const own = isTaken && (firstUse === undefined || firstUse === record) && reason !== 'duplicate'
    return own || (state.startsWith('by:') && (firstUse === undefined || state === `by:${firstUse}`))
  }
  if (verdict === '01') return state !== 'unpublished'
  switch (reason) {
    case 'payload_decided':
      return true
    case 'expired':
    case 'other_published':
      return state !== 'unpublished'
    default:
      return state === 'unpublished'
  }
}

/** The token after an operation; undefined where its answers do not fit the token as it is. */
export function applied(state: TokenState, { kind, record, isDecided, answers }: Operation): TokenState | undefined {
  if (kind === 'publish') return state === 'unpublished' ? 'live' : undefined
  if (!isDecided) return state === 'live' ? `by:${record}` : undefined
  let isTaken = false
  let isReleased = false
  for (const answer of answers) {
    if (answer.verdict !== '11') {
      if (!fits(answer, record, state, isTaken)) return undefined
      continue
    }
    if (state !== 'live' || isTaken) return undefined
    isTaken = true
    isReleased = answer.use === 'released'
  }
  return isTaken && !isReleased ? `by:${record}` : state
}
