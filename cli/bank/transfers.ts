// Message 4 of the first paper's figure 1: an auditor pays a vendor for a settled payment, once.
import { toHex } from '../../proto/bytes.ts'
import type { Certificate } from '../../proto/certificates.ts'
import { MupibError } from '../../proto/errors.ts'
import type { Digest } from '../../proto/hash.ts'
import { createAmount } from '../../proto/money.ts'
import { type SignedStatement, type Transfer, verifyStatement } from '../../proto/statements.ts'
import { transferEvent } from './accounts.ts'
import type { BooksDraft } from './books-draft.ts'
import type { Desk } from './desk.ts'
import { noAccountError } from './errors.ts'

export interface Transferred {
  readonly payload: Digest
  readonly amount: bigint
  readonly state: 'paid' | 'repeated' | 'insufficient_funds' | 'no_account'
}

/** Checks that a transfer was signed by the auditor of the certificate, for this bank. Throws `bad_signature`, `wrong_network`, `bad_input`. */
function checkTransfer({ home }: Desk, signed: SignedStatement<Transfer>, auditor: Certificate, field: string): void {
  const { network, signer, bank } = signed.statement
  if (network !== home.network) throw new MupibError('wrong_network', 'a transfer of another network', { field })
  if (bank !== home.name) throw new MupibError('bad_input', `a transfer for ${bank}, not ${home.name}`, { field })
  const { fingerprint, publicKey } = auditor.facts
  const isOwn =
    signer === fingerprint ||
    home.genesis.members.some(
      ({ certificate }) => certificate.fingerprint === signer && toHex(certificate.publicKey) === toHex(publicKey),
    )
  if (!isOwn || !verifyStatement(signed, publicKey))
    throw new MupibError('bad_signature', `a transfer that ${auditor.name} did not sign`, { field })
}

/**
 * Carries out an auditor's transfers in their order, in one write. One that lacks money or payee may be tried again. Throws `no_account`,
 * `conflict` where a payment was paid for with other content, and what is wrong with a signature.
 */
export async function payTransfers(
  desk: Desk,
  transfers: readonly SignedStatement<Transfer>[],
  auditor: Certificate,
): Promise<{ results: Transferred[]; balance: bigint }> {
  for (const [i, signed] of transfers.entries()) checkTransfer(desk, signed, auditor, `transfers[${i}]`)
  const payer = toHex(auditor.facts.publicKey)
  return desk.books.run(async () => {
    if (!desk.accounts.account(payer)) throw noAccountError(payer)
    const draft = desk.draft()
    const results = transfers.map(signed => pay(desk, draft, signed, payer))
    await desk.write(draft.operations)
    return { results, balance: draft.balanceOf(payer) }
  })
}

function pay({ accounts }: Desk, draft: BooksDraft, signed: SignedStatement<Transfer>, auditor: string): Transferred {
  const { payload, payee, amount } = signed.statement
  const account = toHex(payee)
  if (accounts.account(account)?.role !== 'vendor') return { payload, amount, state: 'no_account' }
  const occasion = { reference: payload, time: Date.now(), amount: createAmount(amount) }
  const posted = draft.post(transferEvent(occasion, auditor, account))
  switch (posted.outcome) {
    case 'booked':
      draft.add(accounts.putTransfer({ signed, auditor, entry: posted.entry.number }))
      return { payload, amount, state: 'paid' }
    case 'repeated':
      return { payload, amount, state: 'repeated' }
    case 'conflict':
      throw new MupibError('conflict', `payment ${payload} was transferred with other content`, { payload })
    default:
      return { payload, amount, state: posted.outcome === 'no_account' ? 'no_account' : 'insufficient_funds' }
  }
}
