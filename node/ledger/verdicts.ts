// The verdict on every token of a token block or return. For each token, in this order (V0-V5):
// V0 its payload was decided before without being consumed whole: 00, payload decided;
// V1 bank unknown, serial in no publication of it, or its certificate dead: 00, with the reason;
// V2 other than published: 01 where the bank's signature fails (the serial stays untouched), else 00, not the one published;
// V3 past its expiry at block time: 00, expired;
// V4 consumed earlier, or given 11 earlier in this record: 10, with the place of first use;
// V5 else 11: consumed, or released where it is in the pending transaction of a block that holds an invalid token.
// Before all that (V6) a record that holds a published token of another holder is refused whole.
// Charged (V7): the holder's signature holds, and the token is 01, or 10 whose first use has another payload, or 00 by V1 unless
// a known bank signed it. Returns never charge.
import { bytesEqual, bytesOfHex } from '../../proto/bytes.ts'
import { assert } from '../../proto/errors.ts'
import type { Digest } from '../../proto/hash.ts'
import {
  groupDigest,
  type Payment,
  type Token,
  type TokenGroup,
  verifyPayload,
  verifyToken,
} from '../../proto/token.ts'
import type { FirstUse } from '../../proto/verdict.ts'
import { type JudgedPayment, Judgement, type KnownGroup, type Presented, reasonCodes, useCodes } from './judgement.ts'
import { isAlive, type Moment, signerOf } from './members.ts'
import { noPlace, type Publications, placeBytes } from './publications.ts'
import { decisionRow, firstUseOf, getRow, payloadRow, putRow, segmentTokens, userRow } from './rows.ts'
import type { StateDraft } from './state.ts'

/** Judges the tokens of one record after another within a ledger block, on a draft of its state. */
export class Judge {
  readonly #draft: StateDraft
  readonly #publications: Publications
  readonly #at: Moment
  /** By fingerprint. Records of the authority run before all tokens, so that nothing here goes stale. */
  readonly #banks = new Map<Digest, Bank | undefined>()

  constructor(draft: StateDraft, publications: Publications, at: Moment) {
    this.#draft = draft
    this.#publications = publications
    this.#at = at
  }

  /** Looks up what is presented; changes nothing. Undefined where a published token belongs to another holder (V6). */
  compare(presented: Presented): Case | undefined {
    const network = bytesOfHex(presented.network)
    const groups = presented.groups.map(group => this.#lookUp(network, presented.user, group))
    const partial = getRow(this.#draft, userRow, presented.user)?.partial === true
    const judgement = new Judgement(presented.payments, partial)
    if (!judgement.compare(presented.payments, groups)) return undefined
    return new Case(this.#draft, this.#at, presented, groups, judgement)
  }

  #lookUp(network: Uint8Array, user: Uint8Array, group: TokenGroup): KnownGroup {
    const publication = this.#publications.open(group.bank, group.publication)
    const bank = this.#bankOf(group.bank)
    const row = publication?.row
    return {
      group,
      digest: groupDigest(network, group),
      publication,
      missing: !bank ? 'bank_unknown' : publication || bank.isAlive ? 'unpublished' : 'bank_dead',
      bankKey: bank?.key,
      asPublished:
        row?.value === group.value &&
        row.issuedAt === group.issuedAt &&
        row.payBy === group.payBy &&
        row.expiry === group.expiry,
      isUsers: bytesEqual(group.holder, user),
    }
  }

  #bankOf(fingerprint: Digest): Bank | undefined {
    if (this.#banks.has(fingerprint)) return this.#banks.get(fingerprint)
    const signer = signerOf(this.#draft, fingerprint, this.#at.height)
    const isBank = signer?.certificate.role === 'bank'
    const bank = isBank ? { key: signer.certificate.publicKey, isAlive: isAlive(signer, this.#at) } : undefined
    this.#banks.set(fingerprint, bank)
    return bank
  }
}

interface Bank {
  readonly key: Uint8Array
  readonly isAlive: boolean
}

/** One record whose tokens were looked up: `decide` gives the verdicts. */
export class Case {
  readonly presented: Presented
  readonly judgement: Judgement
  readonly #draft: StateDraft
  readonly #at: Moment
  readonly #groups: readonly KnownGroup[]
  /** The holders' rows were marked for this record. */
  #holdersMarked = false

  constructor(
    draft: StateDraft,
    at: Moment,
    presented: Presented,
    groups: readonly KnownGroup[],
    judgement: Judgement,
  ) {
    this.#draft = draft
    this.#at = at
    this.presented = presented
    this.#groups = groups
    this.judgement = judgement
  }

  /** Gives every token its verdict, marks what is consumed, and keeps the payloads that were not consumed whole. */
  decide(): void {
    const { presented, judgement } = this
    const { payments } = presented
    let allValid = true
    for (let transaction = 0; transaction < payments.length; transaction++) {
      this.#decidePayment(payments[transaction]!, transaction)
      if (judgement.payments[transaction]!.whole) continue
      allValid = false
      this.#keepPartial(transaction)
      if (!presented.isReturn) this.#checkHolder(payments[transaction]!, transaction)
    }
    if (presented.pending && !allValid) this.#release(payments.length - 1)
  }

  #decidePayment({ tokens }: Payment, transaction: number): void {
    const { judgement } = this
    const judged = judgement.payments[transaction]!
    if (this.#wasPartial(judged, transaction)) {
      judgement.reason.fill(reasonCodes.payload_decided, judged.start, judged.start + judged.count)
      judged.whole = false
      return
    }
    const place = placeBytes({ decision: this.presented.decision, transaction })
    for (let i = 0; i < tokens.length; i++) {
      const at = judged.start + i
      const reason = this.#decideToken(tokens[i]!, at, place)
      judgement.reason[at] = reason
      if (reason === reasonCodes.valid) judgement.use[at] = useCodes.consumed
      else judged.whole = false
    }
  }

  /** V1 to V5 for one token; marks it where it is valid. */
  #decideToken(token: Token, at: number, place: Uint8Array): number {
    const known = this.#groups[token.group]!
    if (this.judgement.matched[at] === 0) {
      if (!known.publication || token.index >= known.publication.row.count) return reasonCodes[known.missing]
      return this.#isBankSigned(known, token, at) ? reasonCodes.other_published : reasonCodes.altered
    }
    if (this.#at.time > known.group.expiry) return reasonCodes.expired
    const segment = known.publication!.segmentOf(token.index)
    const slot = token.index % segmentTokens
    if (!segment.isUsed(slot)) {
      segment.setUse(slot, place)
      return reasonCodes.valid
    }
    const { decision, transaction } = segment.useOf(slot)!
    if (decision === this.presented.decision) {
      const payload = this.judgement.payloadOf(transaction)
      this.judgement.firstUses.set(at, { record: this.presented.record, transaction, payload })
      return reasonCodes.repeated_in_block
    }
    this.judgement.firstUses.set(at, this.#firstUse(decision, transaction))
    return reasonCodes.duplicate
  }

  #firstUse(decision: number, transaction: number): FirstUse {
    const row = this.#draft.get(decisionRow.key(decision))
    assert(row, 'a token used by no decision')
    return firstUseOf(row, transaction)
  }

  /**
   * V0. A payload of published tokens is its holder's, whose row tells whether any was decided in part: so only payloads
   * with unpublished tokens, and those of such holders, cost a look-up.
   */
  #wasPartial({ start, count }: JudgedPayment, transaction: number): boolean {
    const { matched, partial } = this.judgement
    if (!partial && !matched.subarray(start, start + count).includes(0)) return false
    return this.#draft.get(payloadRow.key(this.judgement.payloadBytes(transaction))) !== undefined
  }

  #keepPartial(transaction: number): void {
    const payload = this.judgement.payloadBytes(transaction)
    if (this.#draft.get(payloadRow.key(payload))) return
    putRow(this.#draft, payloadRow, { decision: this.presented.decision, transaction }, payload)
    if (this.#holdersMarked) return
    this.#holdersMarked = true
    this.judgement.partial = true
    for (const { group } of this.#groups) {
      const row = getRow(this.#draft, userRow, group.holder) ?? { blocks: 0, gamma: 0, partial: false }
      if (!row.partial) putRow(this.#draft, userRow, { ...row, partial: true }, group.holder)
    }
  }

  /** True where the user signed the payload of a transaction. */
  isHolderSigned(transaction: number): boolean {
    const { memo, payments, user } = this.presented
    const { signature } = payments[transaction]!
    return memo.recall(-1 - transaction, () => verifyPayload(this.judgement.payloadOf(transaction), user, signature))
  }

  /** `at` is the token's place in the record. */
  #isBankSigned({ bankKey, digest }: KnownGroup, token: Token, at: number): boolean {
    return bankKey !== undefined && this.presented.memo.recall(at, () => verifyToken(digest, token, bankKey))
  }

  /** V7 for the tokens of a payment that is not all valid. */
  #checkHolder({ tokens }: Payment, transaction: number): void {
    const { judgement } = this
    const judged = judgement.payments[transaction]!
    const payload = judgement.payloadOf(transaction)
    const holds = this.isHolderSigned(transaction)
    judged.holder = holds ? 'valid' : 'invalid'
    if (!holds) return
    for (let i = 0; i < tokens.length; i++) {
      const at = judged.start + i
      if (!this.#isCharged(tokens[i]!, at, payload)) continue
      judgement.charged[at] = 1
      judgement.chargedTokens += 1
    }
  }

  #isCharged(token: Token, at: number, payload: string): boolean {
    switch (this.judgement.reason[at]) {
      case reasonCodes.altered:
        return true
      case reasonCodes.duplicate:
      case reasonCodes.repeated_in_block:
        return this.judgement.firstUses.get(at)?.payload !== payload
      case reasonCodes.bank_unknown:
      case reasonCodes.bank_dead:
      case reasonCodes.unpublished:
        return !this.#isBankSigned(this.#groups[token.group]!, token, at)
      default:
        return false
    }
  }

  /** V5: the pending transaction of a block with an invalid token consumes nothing. */
  #release(transaction: number): void {
    const { judgement, presented } = this
    const judged = judgement.payments[transaction]!
    const { tokens } = presented.payments[transaction]!
    for (let i = 0; i < tokens.length; i++) {
      if (judgement.use[judged.start + i] !== useCodes.consumed) continue
      const { group, index } = tokens[i]!
      judgement.use[judged.start + i] = useCodes.released
      this.#groups[group]!.publication!.segmentOf(index).setUse(index % segmentTokens, noPlace)
    }
    if (judged.whole) this.#keepPartial(transaction)
    judged.whole = false
  }
}
