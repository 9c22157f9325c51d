// All clients of sessions and their till, as one simulated run has them.
import type { AccountId } from '../../../cli/bank/accounts.ts'
import type { Random } from '../../../consensus/simulator/random.ts'
import { toHex } from '../../../proto/bytes.ts'
import type { LedgerAccess } from './ledger-client.ts'
import { keyOf } from './parties.ts'
import type { PartyWorld } from './party.ts'
import { SessionClient } from './session-client.ts'
import { type SessionBook, type SessionPartyOptions, tillName } from './session-party.ts'
import { Till, type TillSwitches } from './session-till.ts'

/** The account of a party of sessions. */
export const accountOf = (party: string): AccountId => toHex(keyOf(party).publicKey)

export class Sessions {
  readonly book: SessionBook
  readonly till: Till
  readonly clients: readonly SessionClient[]

  constructor(
    world: PartyWorld,
    random: Random,
    access: LedgerAccess,
    options: SessionPartyOptions,
    switches: TillSwitches,
  ) {
    this.book = options.book
    this.till = new Till(world, random.fork(0), access, options, switches)
    this.clients = Array.from(
      { length: options.book.load.count },
      (_, index) => new SessionClient(index, world, random.fork(1 + index), access, options),
    )
  }

  get parties(): readonly (Till | SessionClient)[] {
    return [this.till, ...this.clients]
  }

  /** What each of them brings to the bank before anything begins, in minor units. */
  get deposits(): readonly (readonly [AccountId, bigint])[] {
    const { unit, payments, each } = this.book.load
    const needed = BigInt(unit) * BigInt(payments) * BigInt(each)
    return [[accountOf(tillName), 0n], ...this.clients.map(({ name }) => [accountOf(name), needed] as const)]
  }
}
