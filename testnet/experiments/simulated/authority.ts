// The simulated authority: revokes a member's certificate when the experiment says so.
import type { FinalBlock } from '../../../consensus/types.ts'
import { type Digest, zeroDigest } from '../../../proto/hash.ts'
import { type Revocation, signRecord } from '../../../proto/records.ts'
import { type LedgerAccess, LedgerClient } from './ledger-client.ts'
import { certificateOf, keyOf, ledgerNetwork } from './parties.ts'
import { type Letter, Party, type PartyWorld } from './party.ts'

export class Authority extends Party {
  readonly #access: LedgerAccess
  #tip: FinalBlock
  #ledger: LedgerClient | undefined
  #number = 0
  #previous: Digest = zeroDigest

  constructor(
    world: PartyWorld,
    random: ConstructorParameters<typeof Party>[2],
    access: LedgerAccess,
    genesis: FinalBlock,
  ) {
    super('authority', world, random)
    this.#access = access
    this.#tip = genesis
  }

  protected wake(): void {
    this.#ledger = new LedgerClient({
      ...this.#access,
      name: this.name,
      random: this.random.fork(2),
      tip: () => this.#tip,
      send: (to, letter) => this.send(to, letter),
      later: (ms, run) => this.later(ms, run),
      takeBlock: ({ final }) => {
        this.#tip = final
      },
    })
  }

  protected end(): void {
    this.#ledger?.end()
    this.#ledger = undefined
  }

  protected take(_from: string, letter: Letter): void {
    if (letter.type === 'blocks') this.#ledger?.blocks(letter.certified)
  }

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
    this.#ledger?.submit(record)
  }
}
