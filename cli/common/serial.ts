// Serials as people write them: BANK-PUBLICATION-INDEX.
import { MupibError } from '../../proto/errors.ts'
import type { Genesis } from '../../proto/genesis.ts'
import type { Digest } from '../../proto/hash.ts'

export interface Serial {
  readonly bank: string
  readonly publication: number
  readonly index: number
}

/** Reads a serial; the bank's name may hold dashes. Throws `usage`. */
export function parseSerial(text: string): Serial {
  const match = /^(.+)-(\d{1,15})-(\d{1,9})$/.exec(text)
  if (!match)
    throw new MupibError('usage', `"${text}" is no serial`, {
      hint: 'a serial looks like bank-12-7: bank, publication, index',
    })
  return { bank: match[1]!, publication: Number(match[2]), index: Number(match[3]) }
}

/** A bank's name by the fingerprint of its certificate; the start of the fingerprint where genesis does not know it. */
function bankNameOf(genesis: Genesis, fingerprint: Digest): string {
  return (
    genesis.members.find(member => member.certificate.fingerprint === fingerprint)?.name ?? fingerprint.slice(0, 16)
  )
}

export const serialText = (genesis: Genesis, bank: Digest, publication: number, index: number): string =>
  `${bankNameOf(genesis, bank)}-${publication}-${index}`
