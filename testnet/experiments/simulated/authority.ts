// The simulated authority: revokes a member's certificate when the experiment says so.
import type { Random } from '../../../consensus/simulator/random.ts'
import type { FinalBlock } from '../../../consensus/types.ts'
import { type Digest, zeroDigest } from '../../../proto/hash.ts'
import { type Revocation, signRecord } from '../../../proto/records.ts'
import type { LedgerAccess } from './ledger-client.ts'
import { LedgerParty } from './ledger-party.ts'
import { certificateOf, keyOf, ledgerNetwork } from './parties.ts'
import type { AnsweredBlock, PartyWorld } from './party.ts'

export class Authority extends LedgerParty {
  #tip: FinalBlock
  #number = 0
  #previous: Digest = zeroDigest

  constructor(world: PartyWorld, random: Random, access: LedgerAccess, genesis: FinalBlock) {
    super('authority', world, random, access)
    this.#tip = genesis
  }

  protected wake(): void {
    this.connect()
  }

  protected tip(): FinalBlock {
    return this.#tip
  }

  protected takeBlock({ final }: AnsweredBlock): void {
    this.#tip = final
  }

  protected hear(): void {}

  /** Declares a member's certificate dead. */
  revoke(member: string): void {
    this.#number += 1
    const signer = certificateOf('authority').fingerprint
    const heading = { network: ledgerNetwork, signer, number: this.#number, previous: this.#previous }
    const content: Revocation = {
      kind: 'revocation',
      ...heading,
      certificate: certificateOf(member).fingerprint,
      reason: 'an experiment',
    }
    const record = signRecord(content, keyOf('authority'))
    this.#previous = record.digest
    this.submit(record)
  }
}
