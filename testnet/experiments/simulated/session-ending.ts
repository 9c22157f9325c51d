// How sessions stand at the end of a simulated run: what was served, by whoever watches both sides, and what the bank has in its books.
import { toHex } from '../../../proto/bytes.ts'
import type { Digest } from '../../../proto/hash.ts'
import type { EventOf } from '../checkers/inquiry.ts'
import type { SimulatedBank } from './bank.ts'
import { entriesOf } from './bank-books.ts'
import { accountOf, type Sessions } from './sessions.ts'

export function tellSessions(bank: SimulatedBank, { book, parties }: Sessions): void {
  const { store, sessions } = bank
  for (const [session, service] of book.services) book.see({ type: 'service', session, ...service })
  for (const entry of entriesOf(store, 'escrow')) book.see(escrowSeen(bank, entry.reference))
  for (const { name: party } of parties) {
    const account = accountOf(party)
    const deposits = entriesOf(store, 'deposit').filter(({ reference }) => reference === account)
    const deposited = deposits.reduce((sum, { postings }) => sum + movedTo(postings, account), 0n)
    const balance = store.get<bigint>(`balance/${account}`) ?? 0n
    const reputation = sessions.reputationOf(account)
    book.see({ type: 'account', party, deposited: `${deposited}`, balance: `${balance}`, reputation })
  }
}

/** By the journal: what was put aside for a session, and what left it. */
function escrowSeen({ store, sessions }: SimulatedBank, session: Digest): Omit<EventOf<'escrow'>, 'at'> {
  const { terms } = sessions.files().find(file => file.session === session)!
  const of = (kind: 'escrow' | 'settle') =>
    entriesOf(store, kind)
      .filter(({ reference }) => reference === session)
      .flatMap(({ postings }) => postings)
  const [into, out] = [of('escrow'), of('settle')]
  return {
    type: 'escrow',
    session,
    escrowed: `${-movedTo(into, toHex(terms.client))}`,
    paid: `${movedTo(out, toHex(terms.vendor))}`,
    returned: `${movedTo(out, toHex(terms.client))}`,
    held: `${sessions.heldFor(session)}`,
  }
}

const movedTo = (postings: readonly { readonly account: string; readonly amount: bigint }[], account: string): bigint =>
  postings.reduce((sum, posting) => (posting.account === account ? sum + posting.amount : sum), 0n)
