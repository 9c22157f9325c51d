// Message 10 of the first paper's figure 1: an auditor brings the ledger's certified answer to a token block and is paid for the consumed
// tokens of this bank, each once ever. The bank believes nothing but what it verified against genesis.
import { toHex } from '../../proto/bytes.ts'
import { MupibError } from '../../proto/errors.ts'
import { type Digest, sha256Hex } from '../../proto/hash.ts'
import { createAmount } from '../../proto/money.ts'
import type { TokenVerdict } from '../../proto/verdict.ts'
import type { Account, Redemption } from './account-store.ts'
import { type AccountId, redeemEvent } from './accounts.ts'
import type { BooksDraft } from './books-draft.ts'
import type { Desk } from './desk.ts'
import { noAccountError } from './errors.ts'

export interface Redeemed extends Omit<Redemption, 'auditor' | 'time'> {
  readonly state: 'redeemed' | 'repeated'
}

/** Who brings the answers: an auditor with its certificate, or the bank's operator for whichever auditor signed the blocks. */
export type Redeemer = { readonly key: AccountId; readonly fingerprint: Digest } | 'operator'

interface Claim {
  readonly auditor: AccountId
  readonly record: Digest
  readonly user: AccountId
  readonly number: number
  /** Indices of consumed tokens of this bank, by publication. */
  readonly consumed: ReadonlyMap<number, readonly number[]>
}

export class Redemptions {
  readonly #desk: Desk

  constructor(desk: Desk) {
    this.#desk = desk
  }

  /**
   * Pays for the consumed tokens of token blocks of one auditor, in one write. Throws `bad_proof`, `bad_input`, `wrong_role` (another
   * auditor's block), `no_account`, and `conflict` where a token was used by another record.
   */
  async redeem(answers: readonly Uint8Array[], by: Redeemer): Promise<{ results: Redeemed[]; balance: bigint }> {
    const accounts = by === 'operator' ? await this.#desk.accounts.accounts() : []
    const claims = answers.map((bytes, i) => this.#read(bytes, by, accounts, `answers[${i}]`))
    const [first] = claims
    if (!first) throw new MupibError('bad_input', 'no answers', { field: 'answers' })
    if (claims.some(({ auditor }) => auditor !== first.auditor))
      throw new MupibError('bad_input', 'blocks of two auditors', { field: 'answers' })
    return this.#desk.books.run(async () => {
      if (!this.#desk.accounts.account(first.auditor)) throw noAccountError(first.auditor)
      const draft = this.#desk.draft()
      const fresh = new Map<Digest, Redemption>()
      const results = claims.map(claim => this.#redeem(draft, claim, fresh))
      await this.#desk.write(draft.operations)
      return { results, balance: draft.balanceOf(first.auditor) }
    })
  }

  #read(bytes: Uint8Array, by: Redeemer, accounts: readonly Account[], field: string): Claim {
    const { verdict, transactions } = this.#desk.readAnswer(bytes)
    const { record, kind, signer, number, user, refusal } = verdict
    if (kind !== 'tokenBlock' || refusal !== undefined || !user)
      throw new MupibError('bad_input', `record ${record} is no token block that the ledger decided`, { field })
    const auditor = this.#auditorOf(signer, by, accounts)
    if (auditor === undefined)
      throw new MupibError('wrong_role', `record ${record} is not signed by this auditor`, { field, record })
    const tokens = transactions.flatMap(transaction => transaction.tokens)
    return { auditor, record, user: toHex(user.key), number, consumed: this.#consumedOf(tokens) }
  }

  #consumedOf(tokens: readonly TokenVerdict[]): Claim['consumed'] {
    const named = new Map<string, { bank: Digest; publication: number; indices: number[] }>()
    for (const { bank, publication, index, use } of tokens) {
      if (use !== 'consumed') continue
      const name = `${bank}/${publication}`
      const known = named.get(name)
      if (known) known.indices.push(index)
      else named.set(name, { bank, publication, indices: [index] })
    }
    const own = [...named.values()].filter(({ bank, publication }) => this.#isOwn(bank, publication))
    return new Map(own.map(({ publication, indices }) => [publication, indices]))
  }

  /** A publication of this bank, under whichever certificate it was signed. */
  #isOwn(bank: Digest, publication: number): boolean {
    const use = this.#desk.tokens.tokenUse(publication)
    // without its row the certified claim could not be paid, and must not be taken for one of another bank
    if (!use && bank === this.#desk.home.fingerprint)
      throw new MupibError('conflict', `this bank keeps no publication ${publication}, which the ledger has`, {
        hint: 'is its store an old copy?',
      })
    return use?.bank === bank
  }

  /** The key that signed, where it may be paid for it. */
  #auditorOf(signer: Digest, by: Redeemer, accounts: readonly Account[]): AccountId | undefined {
    const member = this.#desk.home.genesis.members.find(({ certificate }) => certificate.fingerprint === signer)
    const key = member?.role === 'auditor' ? toHex(member.certificate.publicKey) : undefined
    if (by === 'operator')
      return (
        key ?? accounts.find(({ role, certificate }) => role === 'auditor' && sha256Hex(certificate) === signer)?.key
      )
    const opened = this.#desk.accounts.account(by.key)
    const isOwn =
      signer === by.fingerprint || key === by.key || (opened && sha256Hex(opened.certificate) === signer) === true
    return isOwn ? by.key : undefined
  }

  #redeem(draft: BooksDraft, claim: Claim, fresh: Map<Digest, Redemption>): Redeemed {
    const { auditor, record, user, number, consumed } = claim
    const known = fresh.get(record) ?? this.#desk.accounts.redemption(record)
    if (known) return { record, user, number, tokens: known.tokens, amount: known.amount, state: 'repeated' }
    const time = Date.now()
    let tokens = 0
    let amount = 0n
    for (const [publication, indices] of consumed) {
      const used = draft.unusable(publication, indices)
      if (used !== undefined) throw this.#contradiction(record, publication, used)
      tokens += indices.length
      amount += draft.useTokens(publication, indices, 'redeemed', { about: record, time })
    }
    if (amount > 0n) draft.mustPost(redeemEvent({ reference: record, time, amount: createAmount(amount) }, auditor))
    const redemption = { auditor, record, user, number, tokens, amount, time }
    draft.add(this.#desk.accounts.putRedemption(redemption))
    fresh.set(record, redemption)
    return { record, user, number, tokens, amount, state: 'redeemed' }
  }

  /** Two certified answers consume one token: more validators lie than the ledger bears. */
  #contradiction(record: Digest, publication: number, index: number): MupibError {
    const { home, log } = this.#desk
    const serial = `${home.name}-${publication}-${index}`
    log({ kind: 'contradiction', record, publication, index, what: 'consumed and used before' })
    return new MupibError('conflict', `token ${serial} was used by another record already`, { record, serial })
  }
}
