// A simulated party that follows the ledger and submits records to it. What it has followed so far is known to what extends it.
import type { Random } from '../../../consensus/simulator/random.ts'
import type { FinalBlock } from '../../../consensus/types.ts'
import type { SignedRecord } from '../../../proto/records.ts'
import { type LedgerAccess, LedgerClient } from './ledger-client.ts'
import { type AnsweredBlock, type CertifiedBlocks, type Letter, Party, type PartyWorld } from './party.ts'

export abstract class LedgerParty extends Party {
  protected readonly access: LedgerAccess
  #ledger: LedgerClient | undefined

  constructor(name: string, world: PartyWorld, random: Random, access: LedgerAccess) {
    super(name, world, random)
    this.access = access
  }

  /** Begins to follow the ledger. */
  protected connect(): void {
    this.#ledger = new LedgerClient({
      ...this.access,
      name: this.name,
      random: this.random.fork(2),
      tip: () => this.tip(),
      send: (to, letter) => this.send(to, letter),
      later: (ms, run) => this.later(ms, run),
      takeBlock: (block, proof) => this.takeBlock(block, proof),
    })
  }

  /** Does nothing while the party is down. */
  protected submit(record: SignedRecord): void {
    this.#ledger?.submit(record)
  }

  protected end(_kind: 'power' | 'kill'): void {
    this.#ledger?.end()
    this.#ledger = undefined
  }

  protected take(from: string, letter: Letter): void {
    if (letter.type === 'blocks') this.#ledger?.blocks(letter.certified)
    else this.hear(from, letter)
  }

  /** The last final block that it has dealt with. */
  protected abstract tip(): FinalBlock
  protected abstract takeBlock(block: AnsweredBlock, proof: CertifiedBlocks): void
  /** What others than the ledger say. */
  protected abstract hear(from: string, letter: Letter): void
}
