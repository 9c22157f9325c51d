// A token's verdict in one of the auditor's decided blocks, as a proof.

import { MupibError } from '../../proto/errors.ts'
import type { Genesis } from '../../proto/genesis.ts'
import { createProof, proofToJson } from '../../proto/proof.ts'
import type { TransactionVerdict } from '../../proto/verdict.ts'
import { parseSerial } from '../common/serial.ts'
import { type Auditor, transactionsOf } from './auditor.ts'

interface Place {
  readonly transaction: number
  readonly token: number
  readonly isConsumed: boolean
}

/** A token's place in a decided block; one that consumed it before others, one of the given payment where it is named. */
function placeOf(
  transactions: readonly TransactionVerdict[],
  { bank, publication, index }: { bank: string; publication: number; index: number },
  payload: string | undefined,
): Place | undefined {
  let found: Place | undefined
  transactions.forEach((transaction, place) => {
    if (payload !== undefined && transaction.payload !== payload) return
    transaction.tokens.forEach((token, i) => {
      if (token.bank !== bank || token.publication !== publication || token.index !== index) return
      if (found === undefined || (!found.isConsumed && token.use === 'consumed'))
        found = { transaction: place, token: i, isConsumed: token.use === 'consumed' }
    })
  })
  return found
}

/** A bank's certificate by the name in a serial: as `serialText` writes it. Throws `not_found`. */
function fingerprintOf(genesis: Genesis, bank: string): string {
  const member = genesis.members.find(({ name, role }) => name === bank && role === 'bank')
  if (!member) throw new MupibError('not_found', `genesis names no bank "${bank}"`)
  return member.certificate.fingerprint
}

/** The proof of a token by its serial. Throws `not_found`, `usage`. */
export async function tokenProof(auditor: Auditor, serial: string, payload: string | undefined): Promise<unknown> {
  const { bank: name, publication, index } = parseSerial(serial)
  const { genesis, network } = auditor.home
  const bank = fingerprintOf(genesis, name)
  let found: (Place & { readonly answer: Parameters<typeof createProof>[0] }) | undefined
  for (const { user, number } of await auditor.desk.store.blocksWith(bank, publication)) {
    const kept = auditor.blockAnswer(user, number)
    const place = kept && placeOf(transactionsOf(kept), { bank, publication, index }, payload)
    if (!kept || !place) continue
    if (found === undefined || place.isConsumed) found = { answer: kept.answer, ...place }
    if (place.isConsumed) break
  }
  if (!found)
    throw new MupibError('not_found', `no decided block of this auditor holds token ${serial}`, {
      hint: 'is its block decided? mupib auditor queue',
    })
  const { answer, transaction, token } = found
  return JSON.parse(proofToJson(createProof(answer, network, { transaction, token })))
}
