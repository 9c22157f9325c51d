// Records for tests of validators: what banks, auditors and the authority sign, right and wrong.
import { bytesOfHex, toHex } from '../proto/bytes.ts'
import { type Certificate, issueCertificate } from '../proto/certificates.ts'
import { type Digest, digestOf, zeroDigest } from '../proto/hash.ts'
import {
  decodeRecord,
  type LedgerRecord,
  type Membership,
  type Publication,
  type Revocation,
  type SignedRecord,
  signRecord,
  type TokenBlock,
} from '../proto/records.ts'
import { groupDigest, payloadDigest, signPayload, signToken, type TokenGroup, TokenHasher } from '../proto/token.ts'
import { type LooseToken, layOutTokens } from './ledger/form.ts'
import { dayMs, keyOf, type TestNetwork, tokenValue } from './testing.ts'

type Heading = 'network' | 'signer' | 'number' | 'previous'
type Body<T extends LedgerRecord> = Omit<T, Heading>
type Links = Partial<Pick<LedgerRecord, Heading>>
export type HeldToken = LooseToken & { readonly hash: Uint8Array }

/** Signs the records of one party, each as the next of its stream. */
export class Hand {
  readonly name: string
  readonly fingerprint: Digest
  readonly #network: Digest
  readonly #heads = new Map<string, { number: number; digest: Digest }>()

  constructor(net: TestNetwork, name: string, fingerprint?: Digest) {
    this.name = name
    this.#network = net.network
    const member = net.genesis.members.find(known => known.name === name)
    this.fingerprint = fingerprint ?? member?.certificate.fingerprint ?? net.genesis.authority.fingerprint
  }

  /** The next record of its stream. With `links` it takes another place, and the stream stays as it was. */
  sign<T extends LedgerRecord>(body: Body<T>, links?: Links): SignedRecord {
    const user = body.kind === 'tokenBlock' ? toHex((body as unknown as TokenBlock).user) : ''
    const stream = `${body.kind}/${user}`
    const head = this.#heads.get(stream) ?? { number: 0, digest: zeroDigest }
    const heading = {
      network: this.#network,
      signer: this.fingerprint,
      number: head.number + 1,
      previous: head.digest,
      ...links,
    }
    const record = { ...body, ...heading } as unknown as LedgerRecord
    const signed = decodeRecord(signRecord(record, keyOf(this.name)).bytes)
    if (!links) this.#heads.set(stream, { number: record.number, digest: signed.digest })
    return signed
  }

  publication(count: number, holder: string, links?: Links) {
    const now = Date.now()
    const times = { value: tokenValue, issuedAt: now, payBy: now + dayMs, expiry: now + 2 * dayMs }
    const number = links?.number ?? (this.#heads.get('publication/')?.number ?? 0) + 1
    const holderKey = keyOf(holder).publicKey
    const group: TokenGroup = { bank: this.fingerprint, publication: number, ...times, holder: holderKey }
    const digest = groupDigest(bytesOfHex(this.#network), group)
    const tokens = Array.from({ length: count }, (_, index): HeldToken => {
      const signature = signToken(digest, index, keyOf(this.name))
      hasher.group(digest)
      return { group, index, signature, hash: new Uint8Array(hasher.hash(index, signature)) }
    })
    const hashes = new Uint8Array(Buffer.concat(tokens.map(({ hash }) => hash)))
    return { signed: this.sign<Publication>({ kind: 'publication', ...times, hashes }, links), tokens }
  }

  /** A token block of payments, each given by its tokens. */
  block(user: string, payments: readonly (readonly HeldToken[])[], links?: Links): SignedRecord {
    const { publicKey } = keyOf(user)
    const number = links?.number ?? (this.#heads.get(`tokenBlock/${toHex(publicKey)}`)?.number ?? 0) + 1
    const terms = number === 1 ? ({ w0: 100, model: 'neutral', rounding: 'floor' } as const) : undefined
    const spendings = payments.map((tokens, item) => {
      const time = Date.now()
      const information = digestOf('information', Buffer.from(`${user}/${number}/${item}/${time}`))
      const payload = payloadDigest(
        time,
        information,
        tokens.map(({ hash }) => hash),
      )
      return { tokens, time, information, signature: signPayload(payload, keyOf(user)) }
    })
    const laid = layOutTokens(spendings)
    return this.sign<TokenBlock>({ kind: 'tokenBlock', user: publicKey, pending: false, terms, ...laid }, links)
  }

  membership(action: 'admit' | 'end', certificate: Certificate, value = 0n): SignedRecord {
    const { facts, name, role } = certificate
    if (role !== 'bank' && role !== 'auditor') throw new Error(`a ${role} is no member`)
    return this.sign<Membership>({ kind: 'membership', action, name, role, certificate: facts, tokenValue: value })
  }

  revocation(certificate: Digest): SignedRecord {
    return this.sign<Revocation>({ kind: 'revocation', certificate, reason: 'key lost' })
  }
}

const hasher = new TokenHasher()

/** A token with another bank signature than it had, and the hash that goes with it. */
export function alter(network: Digest, token: HeldToken): HeldToken {
  const signature = Uint8Array.from(token.signature)
  signature[5] = signature[5]! ^ 1
  hasher.group(groupDigest(bytesOfHex(network), token.group))
  return { ...token, signature, hash: new Uint8Array(hasher.hash(token.index, signature)) }
}

/** A certificate for a key that genesis does not name. */
export async function issue(net: TestNetwork, name: string, role: 'bank' | 'auditor'): Promise<Certificate> {
  const now = Date.now()
  return issueCertificate({
    issuer: net.root,
    issuerKey: keyOf('authority'),
    name,
    role,
    publicKey: keyOf(name).publicKey,
    notBefore: now - dayMs,
    notAfter: now + dayMs,
  })
}
