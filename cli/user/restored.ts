// After a restore (U6): the wallet cannot know what the one that it was copied from did later, so it asks the two who would. A token is free
// where its auditor has it in no payment and the bank has not taken it back or paid for it.
import { MupibError } from '../../proto/errors.ts'
import { isoTime } from '../common/output.ts'
import { serialText } from '../common/serial.ts'
import type { WalletBook } from './book.ts'
import type { Counterparties } from './counterparties.ts'
import type { OwnToken } from './rules.ts'
import type { Restoration } from './store.ts'
import type { WalletHome } from './wallet.ts'

/** Tokens asked about at once. */
const askedMax = 2_048

/** How a bank or an auditor knows a token: not at all, in a payment that is not decided, or used up. */
type Known = 'unknown' | 'queued' | 'consumed'

async function statesAt(
  ask: <T>(method: 'POST', path: string, body: unknown) => Promise<T>,
  serials: readonly string[],
): Promise<ReadonlyMap<string, Known>> {
  const states = new Map<string, Known>()
  for (let from = 0; from < serials.length; from += askedMax) {
    const part = serials.slice(from, from + askedMax)
    const reply = await ask<{ states?: Record<string, unknown> }>('POST', '/tokens/state', { serials: part })
    for (const serial of part) {
      const state = reply.states?.[serial]
      if (state !== 'unknown' && state !== 'queued' && state !== 'consumed')
        throw new MupibError('malformed', `no state of token ${serial} in the answer`)
      states.set(serial, state)
    }
  }
  return states
}

/** Asks about all unchecked tokens. Throws `too_early` while an older payment may still be presented, and where somebody does not answer. */
export async function checkRestored(
  parties: Counterparties,
  { genesis, own }: WalletHome,
  book: WalletBook,
  { restoredAt }: Restoration,
): Promise<void> {
  const unchecked = new Map<string, OwnToken>()
  for (const token of book.tokens.values()) {
    const { bank, publication } = token.group
    if (token.state.kind === 'unchecked') unchecked.set(serialText(genesis, bank, publication, token.index), token)
  }
  if (unchecked.size === 0) return
  const surely = restoredAt + own.deadlineMsMax
  if (Date.now() <= surely)
    throw new MupibError('too_early', `payments from before the restore may run until ${isoTime(surely)}`, {
      hint: 'mupib user recover after that; until then these tokens pay for nothing',
      unchecked: unchecked.size,
    })
  const serials = [...unchecked.keys()]
  const [atAuditor, atBank] = await Promise.all([
    statesAt((method, path, body) => parties.auditor(own.auditor, method, path, body), serials),
    statesAt((method, path, body) => parties.bank(method, path, body), serials),
  ])
  const free: OwnToken[] = []
  const used: OwnToken[] = []
  for (const [serial, token] of unchecked) {
    const states = [atAuditor.get(serial), atBank.get(serial)]
    if (states.includes('consumed')) used.push(token)
    else if (!states.includes('queued')) free.push(token)
  }
  if (free.length + used.length > 0) await book.apply({ type: 'check', free, used })
}
