// Evidence against the client of a session, checked and taken into its reputation: whoever brings it, once for each kind and session.
import { toHex } from '../../proto/bytes.ts'
import { MupibError } from '../../proto/errors.ts'
import type { Digest } from '../../proto/hash.ts'
import { decodeMisconduct, verifyMisconduct } from '../../proto/session/misconduct.ts'
import { type SessionTerms, sessionDigest } from '../../proto/session/terms.ts'
import type { AccountId } from './accounts.ts'
import type { Desk } from './desk.ts'
import { noAccountError } from './errors.ts'
import type { Misconduct, Reputation } from './reputation-store.ts'

/** What is held against the client of a session. */
export interface ReputationEvidence {
  readonly kind: Misconduct
  readonly terms: SessionTerms
  /** The ledger's answer to a contested close, or two signed payments (proto/session/misconduct.ts). */
  readonly material: Uint8Array
}

function provesPayments(kind: Misconduct, terms: SessionTerms, material: Uint8Array): boolean {
  const misconduct = decodeMisconduct(material)
  return misconduct.kind === kind && verifyMisconduct(terms, misconduct)
}

/** Takes evidence against the client of a session. Throws `no_account`, `wrong_network`, `bad_proof`, `malformed`. */
export class Reputations {
  readonly #desk: Desk

  constructor(desk: Desk) {
    this.#desk = desk
  }

  of(key: AccountId): Promise<Reputation> {
    return this.#desk.reputations.of(key)
  }

  /** Lowers the client's reputation, once for each kind and session; returns what it is then. */
  async report(evidence: ReputationEvidence): Promise<Reputation> {
    const { kind, terms } = evidence
    const key = toHex(terms.client)
    const session = sessionDigest(terms)
    const { accounts, reputations, home } = this.#desk
    if (!accounts.account(key)) throw noAccountError(key)
    if (terms.network !== home.network) throw new MupibError('wrong_network', 'a session of another network')
    if (!this.#proves(evidence, session))
      throw new MupibError('bad_proof', `this does not prove ${kind.replaceAll('_', ' ')}`)
    await this.#desk.books.run(async () => {
      if (reputations.has(key, { kind, session })) return
      await this.#desk.write([reputations.put(key, { kind, session, time: Date.now() })])
      this.#desk.log({ kind: 'misconduct', account: key, what: kind, session })
    })
    return this.of(key)
  }

  #proves({ kind, terms, material }: ReputationEvidence, session: Digest): boolean {
    if (kind !== 'contested_close') return provesPayments(kind, terms, material)
    const { verdict } = this.#desk.readAnswer(material)
    return verdict.session?.session === session && verdict.session.contestedAt !== undefined
  }
}
