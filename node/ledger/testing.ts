// A small world for the ledger's tests and benchmark: a bank, two auditors and users with fixed keys, and builders of their records.
import { bytesOfHex } from '../../proto/bytes.ts'
import { type Digest, digestOf, sha256Hex, zeroDigest } from '../../proto/hash.ts'
import { type SigningKey, signingKeyFromSeed } from '../../proto/keys.ts'
import {
  type CertificateFacts,
  decodeRecord,
  type LedgerRecord,
  type Membership,
  type Publication,
  type Return,
  type Revocation,
  type SessionClose,
  type SessionOpen,
  type SignedRecord,
  signRecord,
  type TokenBlock,
} from '../../proto/records.ts'
import type { SessionClaim } from '../../proto/session/claims.ts'
import type { SessionTerms } from '../../proto/session/terms.ts'
import { createTestSession, type TestSession } from '../../proto/session/testing.ts'
import {
  groupDigest,
  payloadDigest,
  returnInformation,
  signPayload,
  signToken,
  type TokenGroup,
  TokenHasher,
} from '../../proto/token.ts'
import {
  decodeRecordVerdict,
  decodeTransactionVerdict,
  type RecordVerdict,
  type TransactionVerdict,
} from '../../proto/verdict.ts'
import { type Executed, executeBlock } from './execute.ts'
import { type LooseToken, layOutTokens } from './form.ts'
import { MapDraft } from './map-draft.ts'
import { initialState } from './members.ts'

export const network: Digest = digestOf('genesis', Buffer.from('a network for tests'))
const networkBytes = Buffer.from(network, 'hex')

/** Milliseconds; blocks of a world are a second apart from here. */
export const startTime = 1_700_000_000_000
const hour = 3_600_000

const keys = new Map<string, SigningKey>()

/** The key of a name, always the same. */
export function keyOf(name: string): SigningKey {
  const known = keys.get(name)
  if (known) return known
  const key = signingKeyFromSeed(bytesOfHex(sha256Hex(Buffer.from(name))))
  keys.set(name, key)
  return key
}

export function certificateOf(name: string, times: Partial<CertificateFacts> = {}): CertificateFacts {
  return {
    fingerprint: sha256Hex(Buffer.from(`certificate of ${name}`)),
    publicKey: keyOf(name).publicKey,
    notBefore: startTime - hour,
    notAfter: startTime + 1000 * hour,
    ...times,
  }
}

export const tokenValue = 5n

/** A token that its holder can spend. */
export type HeldToken = LooseToken & { readonly hash: Uint8Array }

export interface Spending {
  readonly tokens: readonly LooseToken[]
  readonly time: number
  readonly information: Digest
  readonly signature: Uint8Array
}

const hasher = new TokenHasher()

export function hashOf({ group, index, signature }: LooseToken): Uint8Array {
  hasher.group(groupDigest(networkBytes, group))
  return hasher.hash(index, signature)
}

/** A payment signed by its holder. */
export function spend(holder: string, tokens: readonly LooseToken[], item = 'an item', time = startTime): Spending {
  const information = digestOf('information', Buffer.from(item))
  return { tokens, time, information, signature: signPayload(payloadOf(tokens, information, time), keyOf(holder)) }
}

export function payloadOf(tokens: readonly LooseToken[], information: Digest, time = startTime): Digest {
  return payloadDigest(time, information, tokens.map(hashOf))
}

/** A token with another bank signature than it had. */
export function alter(token: LooseToken): LooseToken {
  const signature = Uint8Array.from(token.signature)
  signature[5] = signature[5]! ^ 1
  return { ...token, signature }
}

type Unlinked<T extends LedgerRecord> = Omit<T, 'network' | 'signer' | 'number' | 'previous'>
type Links = Partial<Pick<LedgerRecord, 'signer' | 'number' | 'previous' | 'network'>>

/** Makes records that follow one another in their streams, and runs blocks of them. */
export class World {
  draft: MapDraft
  height = 0
  time = startTime
  readonly heads = new Map<string, { number: number; digest: Digest }>()

  constructor() {
    this.draft = new MapDraft()
    initialState(
      {
        authority: certificateOf('authority'),
        validators: [{ name: 'validator-1', publicKey: keyOf('validator-1').publicKey }],
        members: [
          { name: 'bank', role: 'bank', certificate: certificateOf('bank'), tokenValue },
          { name: 'other-bank', role: 'bank', certificate: certificateOf('other-bank'), tokenValue },
          { name: 'auditor', role: 'auditor', certificate: certificateOf('auditor'), tokenValue: 0n },
          { name: 'other-auditor', role: 'auditor', certificate: certificateOf('other-auditor'), tokenValue: 0n },
        ],
      },
      this.draft,
    )
  }

  /** Signs a record as the next of its stream, and decodes it again as a node would; `links` replaces parts of its heading. */
  sign<T extends LedgerRecord>(by: string, body: Unlinked<T>, links: Links = {}, key = keyOf(by)): SignedRecord {
    const user =
      'user' in body && body.kind === 'tokenBlock' ? Buffer.from(body.user as Uint8Array).toString('hex') : ''
    const stream = `${by}/${body.kind}/${user}`
    const head = this.heads.get(stream) ?? { number: 0, digest: zeroDigest }
    const heading = { network, signer: certificateOf(by).fingerprint, number: head.number + 1, previous: head.digest }
    const record = { ...heading, ...body, ...links } as unknown as LedgerRecord
    const signed = decodeRecord(signRecord(record, key).bytes)
    if (Object.keys(links).length === 0) this.heads.set(stream, { number: record.number, digest: signed.digest })
    return signed
  }

  publication(count: number, holder: string, parts: Partial<Publication> = {}, by = 'bank') {
    const times = { value: tokenValue, issuedAt: startTime, payBy: startTime + hour, expiry: startTime + 2 * hour }
    const { value, issuedAt, payBy, expiry } = { ...times, ...parts }
    const number = parts.number ?? (this.heads.get(`${by}/publication/`)?.number ?? 0) + 1
    const group: TokenGroup = {
      bank: certificateOf(by).fingerprint,
      publication: number,
      value,
      issuedAt,
      payBy,
      expiry,
      holder: keyOf(holder).publicKey,
    }
    const tokens = issue(group, count, keyOf(by))
    const hashes = new Uint8Array(Buffer.concat(tokens.map(({ hash }) => hash)))
    const body = { kind: 'publication' as const, value, issuedAt, payBy, expiry, hashes, ...parts }
    return { signed: this.sign<Publication>(by, body), tokens }
  }

  /** A token block; `pending` and `terms` as a correct auditor would set them unless given. */
  block(
    user: string,
    spendings: readonly Spending[],
    parts: Partial<TokenBlock> = {},
    by = 'auditor',
    links: Links = {},
  ) {
    const { publicKey } = keyOf(user)
    const first = !this.heads.has(`${by}/tokenBlock/${Buffer.from(publicKey).toString('hex')}`)
    const terms = first ? ({ w0: 100, model: 'neutral', rounding: 'floor' } as const) : undefined
    const body = {
      kind: 'tokenBlock' as const,
      user: publicKey,
      pending: true,
      terms,
      ...layOutTokens(spendings),
      ...parts,
    }
    return this.sign<TokenBlock>(by, body, links)
  }

  return(user: string, tokens: readonly LooseToken[], parts: Partial<Spending> = {}, by = 'bank', links: Links = {}) {
    const information = parts.information ?? returnInformation(networkBytes, certificateOf(by).fingerprint)
    const signature = signPayload(payloadOf(tokens, information), keyOf(user))
    const { groups, transactions } = layOutTokens([{ tokens, time: startTime, information, signature, ...parts }])
    const body = { kind: 'return' as const, user: keyOf(user).publicKey, groups, payment: transactions[0]! }
    return this.sign<Return>(by, body, links)
  }

  membership(parts: Partial<Membership> & Pick<Membership, 'name' | 'role'>, links: Links = {}) {
    const certificate = certificateOf(parts.name)
    const value = parts.role === 'bank' ? tokenValue : 0n
    const body = { kind: 'membership' as const, action: 'admit' as const, certificate, tokenValue: value, ...parts }
    return this.sign<Membership>('authority', body, links)
  }

  revocation(certificate: Digest, links: Links = {}) {
    return this.sign<Revocation>('authority', { kind: 'revocation', certificate, reason: 'key lost' }, links)
  }

  /** A session whose bank is `bank`; it has to be decided within a minute. */
  session(parts: Partial<SessionTerms> = {}, bank = 'bank'): TestSession {
    const parties = { client: keyOf('alice'), vendor: keyOf('shop'), bank: keyOf(bank) }
    const facts = { network, bank: certificateOf(bank).fingerprint, openBy: this.time + 60_000 }
    return createTestSession(parties, { ...facts, ...parts })
  }

  open({ terms, signatures }: Pick<TestSession, 'terms' | 'signatures'>, by = 'bank', attempt = 0): SignedRecord {
    return this.sign<SessionOpen>(by, { kind: 'sessionOpen', attempt, terms, signatures })
  }

  close(session: Digest, claim: SessionClaim, by = 'bank', attempt = 0): SignedRecord {
    return this.sign<SessionClose>(by, { kind: 'sessionClose', session, attempt, claim })
  }

  /** Lets the next block have this time. */
  passTo(time: number): this {
    this.time = time - 1000
    return this
  }

  /** Runs the next block; throws where it is invalid. */
  run(...records: SignedRecord[]): Ran {
    const result = this.runValid(...records)
    if ('invalid' in result) throw new Error(`invalid: ${result.invalid}`)
    return result
  }

  /** Runs the next block; an invalid one changes nothing. */
  runValid(...records: SignedRecord[]): Ran | { invalid: string } {
    const result = this.attempt(...records)
    if ('invalid' in result) return result
    this.height += 1
    this.time += 1000
    this.draft = result.draft
    this.#takeBack(records, result)
    return result
  }

  /** A refused record used up no number: the next one takes its place in the stream. */
  #takeBack(records: readonly SignedRecord[], result: Ran): void {
    for (let i = records.length - 1; i >= 0; i--) {
      if (result.records[i]!.refusal === undefined) continue
      for (const [stream, head] of this.heads) {
        if (head.digest !== records[i]!.digest) continue
        const { number, previous } = records[i]!.record
        if (number === 1) this.heads.delete(stream)
        else this.heads.set(stream, { number: number - 1, digest: previous })
      }
    }
  }

  /** Runs the next block on a draft of its own and leaves the world as it was. */
  attempt(...records: SignedRecord[]): Ran | { invalid: string } {
    const draft = new MapDraft(this.draft)
    const result = executeBlock(draft, { height: this.height + 1, time: this.time + 1000 }, this.time, records)
    return 'invalid' in result ? result : { ...result, draft, ...decoded(result) }
  }
}

export interface Ran extends Executed {
  readonly draft: MapDraft
  readonly records: readonly RecordVerdict[]
  /** By record, then transaction. */
  readonly transactions: readonly (readonly TransactionVerdict[])[]
}

function decoded({ answers }: Executed): Pick<Ran, 'records' | 'transactions'> {
  return {
    records: answers.map(({ leaf }) => decodeRecordVerdict(leaf)),
    transactions: answers.map(answer => answer.transactions.map(decodeTransactionVerdict)),
  }
}

/** Tokens that a bank signed, from index 0. */
export function issue(group: TokenGroup, count: number, bank: SigningKey): HeldToken[] {
  const digest = groupDigest(networkBytes, group)
  return Array.from({ length: count }, (_, index) => {
    const token = { group, index, signature: signToken(digest, index, bank) }
    return { ...token, hash: hashOf(token) }
  })
}

/** A transaction's tokens in short: verdict, reason, use, and `charged` where they are. */
export function inShort(verdict: TransactionVerdict | undefined): string[] {
  return (verdict?.tokens ?? []).map(({ verdict, reason, use, charged }) =>
    [verdict, reason, use, ...(charged ? ['charged'] : [])].join(' '),
  )
}
