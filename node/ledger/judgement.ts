// The tokens of one record in columns: first what they hash to and whether that was published, then their verdicts.
import { type Digest, domainPrefix, sha256 } from '../../proto/hash.ts'
import { limits } from '../../proto/limits.ts'
import { type Payment, type TokenGroup, TokenHasher } from '../../proto/token.ts'
import { type FirstUse, type HolderCheck, type Reason, reasons, type Use, type Verdict } from '../../proto/verdict.ts'
import type { OpenPublication } from './publications.ts'
import { segmentTokens } from './rows.ts'
import type { SignatureMemo } from './signature-memo.ts'

/** A token block or return, as far as its tokens are concerned. */
export interface Presented {
  readonly record: Digest
  readonly network: Digest
  readonly user: Uint8Array
  readonly groups: readonly TokenGroup[]
  readonly payments: readonly Payment[]
  /** The last payment waits for the verdict. */
  readonly pending: boolean
  readonly isReturn: boolean
  /** Number of the decision that this will be. */
  readonly decision: number
  /** Of the record's signatures: a token's by its place in the record, a holder's by -1 less its transaction. */
  readonly memo: SignatureMemo
}

/** What state knows about a group of tokens. */
export interface KnownGroup {
  readonly group: TokenGroup
  readonly digest: Uint8Array
  readonly publication: OpenPublication | undefined
  /** Why a serial that is in no publication is not (V1). */
  readonly missing: Reason
  readonly bankKey: Uint8Array | undefined
  /** Published with this value and these times. */
  readonly asPublished: boolean
  readonly isUsers: boolean
}

/** Numbers of the reasons, as the column of reasons holds them. */
export const reasonCodes = Object.fromEntries(reasons.map((reason, code) => [reason, code])) as Readonly<
  Record<Reason, number>
>

/** The verdict that a reason stands for. */
export const verdictOf: Readonly<Record<Reason, Verdict>> = {
  valid: '11',
  altered: '01',
  duplicate: '10',
  repeated_in_block: '10',
  bank_unknown: '00',
  unpublished: '00',
  bank_dead: '00',
  other_published: '00',
  expired: '00',
  payload_decided: '00',
}

/** What became of a token, as the column of uses holds it. */
export const useCodes = { none: 0, consumed: 1, released: 2 } as const satisfies Record<Use, number>

/** The answer to one payment. */
export interface JudgedPayment {
  /** First of its tokens in the columns, and how many. */
  readonly start: number
  readonly count: number
  holder: HolderCheck
  /** Every token of it is consumed. */
  whole: boolean
}

/** Lives as long as the execution of its record. */
export class Judgement {
  readonly payments: readonly JudgedPayment[]
  /** Payload digests, 32 bytes each. */
  readonly payloads: Buffer
  /** 1 where a token is the published one. */
  readonly matched: Uint8Array
  /** One of `reasonCodes` each. */
  readonly reason: Uint8Array
  /** One of `useCodes` each. */
  readonly use: Uint8Array
  /** 1 where the user answers for the token. */
  readonly charged: Uint8Array
  /** By token, where the verdict is 10. */
  readonly firstUses = new Map<number, FirstUse>()
  /** β. */
  chargedTokens = 0
  /** A payload with tokens of this user was decided in part (V0). */
  partial: boolean

  constructor(payments: readonly Payment[], partial: boolean) {
    let tokens = 0
    this.payments = payments.map(payment => {
      const start = tokens
      const count = payment.tokens.length
      tokens += count
      return { start, count, holder: 'unchecked', whole: true }
    })
    this.payloads = Buffer.alloc(payments.length * 32)
    this.matched = new Uint8Array(tokens)
    this.reason = new Uint8Array(tokens)
    this.use = new Uint8Array(tokens)
    this.charged = new Uint8Array(tokens)
    this.partial = partial
  }

  payloadBytes(transaction: number): Uint8Array {
    return this.payloads.subarray(transaction * 32, transaction * 32 + 32)
  }

  payloadOf(transaction: number): Digest {
    return this.payloads.toString('hex', transaction * 32, transaction * 32 + 32)
  }

  /**
   * Hashes every token and payload, and compares the tokens with what was published. False where a published token belongs to
   * another holder than the user (V6).
   */
  compare(payments: readonly Payment[], groups: readonly KnownGroup[]): boolean {
    for (let transaction = 0; transaction < payments.length; transaction++) {
      const payment = payments[transaction]!
      if (!this.#comparePayment(payment, groups, this.payments[transaction]!.start)) return false
      this.payloads.set(hashPayload(payment), transaction * 32)
    }
    return true
  }

  #comparePayment({ tokens }: Payment, groups: readonly KnownGroup[], start: number): boolean {
    let before = -1
    for (let i = 0; i < tokens.length; i++) {
      const { group, index, signature } = tokens[i]!
      const known = groups[group]!
      if (group !== before) hasher.group(known.digest)
      before = group
      const hash = hasher.hash(index, signature)
      payloadBuffer.set(hash, payloadHeadBytes + i * 32)
      const { publication } = known
      if (!publication || !known.asPublished || index >= publication.row.count) continue
      if (!sameHash(publication.segmentOf(index).hashes, (index % segmentTokens) * 32, hash)) continue
      if (!known.isUsers) return false
      this.matched[start + i] = 1
    }
    return true
  }
}

const hasher = new TokenHasher()

function sameHash(hashes: Uint8Array, from: number, hash: Uint8Array): boolean {
  for (let i = 0; i < 32; i++) if (hashes[from + i] !== hash[i]) return false
  return true
}

const payloadPrefix = domainPrefix('payload')
const payloadHeadBytes = payloadPrefix.length + 8 + 32 + 4
const payloadBuffer = Buffer.alloc(payloadHeadBytes + limits.blockTokens * 32)
payloadBuffer.set(payloadPrefix)

/** The digest of the payment whose token hashes lie in the buffer: `payloadDigest` of proto/token.ts without its copies. */
function hashPayload({ time, information, tokens }: Payment): Uint8Array {
  let at = payloadPrefix.length
  at = payloadBuffer.writeUInt32BE(Math.floor(time / 2 ** 32), at)
  at = payloadBuffer.writeUInt32BE(time % 2 ** 32, at)
  at += payloadBuffer.write(information, at, 32, 'hex')
  payloadBuffer.writeUInt32BE(tokens.length, at)
  return sha256(payloadBuffer.subarray(0, payloadHeadBytes + tokens.length * 32))
}
