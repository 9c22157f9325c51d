// Who takes part in a simulated ledger: names, keys and certificates, the same in every schedule, so that what they signed once can be reused.
import { epoch } from '../../../consensus/simulator/shell-world.ts'
import type { LedgerFacts } from '../../../node/ledger/members.ts'
import { bytesOfHex } from '../../../proto/bytes.ts'
import { type Digest, digestOf, sha256Hex } from '../../../proto/hash.ts'
import { type SigningKey, signingKeyFromSeed } from '../../../proto/keys.ts'
import type { CertificateFacts } from '../../../proto/records.ts'

/** What records of a simulated ledger name as their network. */
export const ledgerNetwork: Digest = digestOf('genesis', Buffer.from('a simulated ledger'))
export const ledgerNetworkBytes: Uint8Array = bytesOfHex(ledgerNetwork)

/** What a token is worth, in minor units. */
export const tokenValue = 5n

const hourMs = 3_600_000
const keys = new Map<string, SigningKey>()

/** The key of a name, always the same. */
export function keyOf(name: string): SigningKey {
  const known = keys.get(name)
  if (known) return known
  const key = signingKeyFromSeed(bytesOfHex(sha256Hex(Buffer.from(`simulated ${name}`))))
  keys.set(name, key)
  return key
}

export function certificateOf(name: string): CertificateFacts {
  return {
    fingerprint: sha256Hex(Buffer.from(`certificate of simulated ${name}`)),
    publicKey: keyOf(name).publicKey,
    notBefore: epoch - hourMs,
    notAfter: epoch + 100_000 * hourMs,
  }
}

export const auditorName = (index: number): string => (index === 0 ? 'auditor' : `auditor-${index + 1}`)

/** One bank and so many auditors. */
export function membersOf(auditors: number): LedgerFacts {
  const names = Array.from({ length: auditors }, (_, index) => auditorName(index))
  return {
    authority: certificateOf('authority'),
    validators: [{ name: 'v1', publicKey: keyOf('v1').publicKey }],
    members: [
      { name: 'bank', role: 'bank', certificate: certificateOf('bank'), tokenValue },
      ...names.map(name => ({ name, role: 'auditor' as const, certificate: certificateOf(name), tokenValue: 0n })),
    ],
  }
}
