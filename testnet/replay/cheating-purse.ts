// The purse of a user who cheats: the tokens at hand, the tokens spent, and payments made from them in the ways that a trace asks for. Real
// wallets do none of this, so a cheat has to sign by itself.
import { randomInt } from 'node:crypto'
import { type HolderPayment, paymentDigest } from '../../cli/common/payment.ts'
import type { LooseToken } from '../../node/ledger/form.ts'
import { bytesOfHex } from '../../proto/bytes.ts'
import { assert } from '../../proto/errors.ts'
import type { Digest } from '../../proto/hash.ts'
import type { SigningKey } from '../../proto/keys.ts'
import { groupDigest, signPayload, signToken } from '../../proto/token.ts'
import { tokensSpentAgain } from '../trace/double-spend.ts'
import type { Behaviour } from '../trace/trace.ts'

/** A payment that its holder signed, with the digest that names it. */
export interface LoosePayment extends HolderPayment {
  readonly digest: Digest
}

/** A payment with the genuine tokens that it takes from the wallet: they come back where it is rejected. */
export interface MadePayment {
  readonly payment: LoosePayment
  readonly taken: readonly LooseToken[]
}

// A publication number that no bank reaches: what a forger makes up stands in no publication.
const forgedPublicationMin = 2 ** 40

export class CheatingPurse {
  readonly key: SigningKey
  readonly #network: Digest
  readonly #free: LooseToken[] = []
  readonly #spent: LooseToken[] = []

  constructor(network: Digest, key: SigningKey) {
    this.#network = network
    this.key = key
  }

  get balance(): number {
    return this.#free.length
  }

  /** Puts tokens at hand: issued ones, or those of a rejected payment. */
  add(tokens: readonly LooseToken[]): void {
    this.#free.push(...tokens)
  }

  /** Notes tokens that a delivered payment spent. */
  noteSpent(tokens: readonly LooseToken[]): void {
    this.#spent.push(...tokens)
  }

  #take(count: number): LooseToken[] {
    assert(this.#free.length >= count, 'a purse holds the tokens that its trace needs')
    return this.#free.splice(0, count)
  }

  /** Signs a payment of `count` tokens that behaves as asked; a double-spending one spends `doubleSpends` tokens again. */
  pay(behaviour: Behaviour, count: number, information: Digest, time: number, doubleSpends = count): MadePayment {
    const { tokens, taken } = this.#tokensFor(behaviour, count, doubleSpends)
    return { payment: this.#sign(tokens, information, time), taken }
  }

  #tokensFor(
    behaviour: Behaviour,
    count: number,
    doubleSpends: number,
  ): { tokens: readonly LooseToken[]; taken: readonly LooseToken[] } {
    switch (behaviour) {
      case 'honest':
      case 'replay': {
        const taken = this.#take(count)
        return { tokens: taken, taken }
      }
      case 'double-spend': {
        const again = tokensSpentAgain(this.#spent, doubleSpends, count)
        const taken = this.#take(count - again.length)
        return { tokens: [...again, ...taken], taken }
      }
      case 'altered': {
        const taken = this.#take(count)
        return { tokens: [alter(taken[0]!), ...taken.slice(1)], taken }
      }
      case 'forged': {
        const [model, ...taken] = this.#take(count)
        this.#free.unshift(model!)
        return { tokens: [this.#forge(model!), ...taken], taken }
      }
    }
  }

  /** A token of a publication that never was, signed by the holder where the bank should have. */
  #forge({ group }: LooseToken): LooseToken {
    const made = { ...group, publication: forgedPublicationMin + randomInt(2 ** 30) }
    return { group: made, index: 0, signature: signToken(groupDigest(bytesOfHex(this.#network), made), 0, this.key) }
  }

  #sign(tokens: readonly LooseToken[], information: Digest, time: number): LoosePayment {
    const digest = paymentDigest(this.#network, { time, information, tokens })
    return { time, information, tokens, digest, signature: signPayload(digest, this.key) }
  }
}

const dayMs = 86_400_000

/** The token with a day more to live, which the bank's signature does not cover. */
function alter(token: LooseToken): LooseToken {
  const { payBy, expiry } = token.group
  return { ...token, group: { ...token.group, payBy: payBy + dayMs, expiry: expiry + dayMs } }
}
