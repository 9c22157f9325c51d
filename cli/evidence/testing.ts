// For tests: real payments, statements and certified verdicts of a small network, from which evidence is made.
import { TestLedger, type TestNetwork } from '../../node/client/testing.ts'
import { type LooseToken, layOutTokens } from '../../node/ledger/form.ts'
import { bytesOfHex, concatBytes } from '../../proto/bytes.ts'
import { encodeVote, signVote, type VoteKind } from '../../proto/chain.ts'
import { type Digest, zeroDigest } from '../../proto/hash.ts'
import type { SigningKey } from '../../proto/keys.ts'
import { createProof, type VerdictProof } from '../../proto/proof.ts'
import { signRecord } from '../../proto/records.ts'
import {
  type AnswerName,
  type Presentation,
  type Ruling,
  type SignedStatement,
  signStatement,
} from '../../proto/statements.ts'
import { digestOfName, keyOf, testGenesis } from '../../proto/testing.ts'
import { groupDigest, returnInformation, signPayload, signToken, TokenHasher } from '../../proto/token.ts'
import { decideBlock, identify } from '../bank/testing.ts'
import type { Identity } from '../common/identity.ts'
import { type HolderPayment, type PresentedPayment, paymentDigest } from '../common/payment.ts'
import { payWith, userKey } from '../common/testing.ts'
import type { ClaimOf } from './claims.ts'

const hourMs = 3_600_000

// the genesis of tests is always the same, and making certificates is slow
let parties: Promise<Identity[]> | undefined

function identifyAll(net: TestNetwork): Promise<Identity[]> {
  parties ??= Promise.all([
    identify(net, 'user', 'alice'),
    identify(net, 'vendor', 'kiosk'),
    identify(net, 'vendor', 'cinema'),
    identify(net, 'auditor', 'auditor', keyOf('auditor')),
    identify(net, 'auditor', 'other-auditor'),
  ])
  return parties
}

const hasher = new TokenHasher()

/** A proof about a transaction of a decided block, or about one of its tokens. */
export type Prove = (transaction: number, token?: number) => VerdictProof

export class Scene {
  readonly ledger: TestLedger
  readonly alice: Identity
  readonly kiosk: Identity
  readonly cinema: Identity
  readonly auditor: Identity
  /** Admitted by no genesis, but certified. */
  readonly otherAuditor: Identity

  private constructor(ledger: TestLedger, [alice, kiosk, cinema, auditor, otherAuditor]: readonly Identity[]) {
    this.ledger = ledger
    this.alice = alice!
    this.kiosk = kiosk!
    this.cinema = cinema!
    this.auditor = auditor!
    this.otherAuditor = otherAuditor!
  }

  static async set(): Promise<Scene> {
    const genesis = await testGenesis()
    const ledger = new TestLedger(genesis)
    const net = { genesis, ledger } as TestNetwork
    return new Scene(ledger, await identifyAll(net))
  }

  get network(): Digest {
    return this.ledger.network
  }

  get bank(): Digest {
    return this.ledger.genesis.members.find(({ role }) => role === 'bank')!.certificate.fingerprint
  }

  /** Tokens of alice that the bank signed, and published unless told otherwise. */
  issue(
    count: number,
    parts: { published?: boolean; publication?: number; lifeMs?: number; issuedAt?: number } = {},
  ): LooseToken[] {
    const { network, bank, ledger } = this
    const head = ledger.head('publication', bank, undefined)
    const { published = true, publication = head.number + 1, lifeMs = hourMs, issuedAt = Date.now() } = parts
    const times = { value: 1n, issuedAt, payBy: issuedAt + lifeMs, expiry: issuedAt + lifeMs }
    const group = { bank, publication, ...times, holder: this.alice.key.publicKey }
    const digest = groupDigest(bytesOfHex(network), group)
    const tokens = Array.from({ length: count }, (_, index) => {
      return { group, index, signature: signToken(digest, index, keyOf('bank')) }
    })
    if (!published) return tokens
    hasher.group(digest)
    const hashes = concatBytes(...tokens.map(({ index, signature }) => hasher.hash(index, signature)))
    const heading = { network, signer: bank, number: publication, previous: head.digest }
    ledger.take(signRecord({ kind: 'publication', ...heading, ...times, hashes }, keyOf('bank')).bytes)
    return tokens
  }

  pay(tokens: readonly LooseToken[], parts: Partial<PresentedPayment['details']> = {}): PresentedPayment {
    return payWith(this.network, this.alice.key, tokens, { vendor: 'kiosk', ...parts })
  }

  /** Has the auditor put payments into a block and the ledger decide it. */
  decide(payments: readonly HolderPayment[], pending = false): Prove {
    decideBlock(this.ledger, this.alice.key, payments, pending)
    const { network, ledger } = this
    const answer = ledger.answers.get(ledger.order.at(-1)!.digest)!
    return (transaction, token) =>
      createProof(answer, network, { transaction, ...(token === undefined ? {} : { token }) })
  }

  /** Gives tokens back to the bank; what alice signed for it. */
  giveBack(tokens: readonly LooseToken[]): HolderPayment {
    const { network, bank, ledger, alice } = this
    const information = returnInformation(bytesOfHex(network), bank)
    const unsigned = { time: Date.now(), information, tokens }
    const payment = { ...unsigned, signature: signPayload(paymentDigest(network, unsigned), alice.key) }
    const { groups, transactions } = layOutTokens([payment])
    const head = ledger.head('return', bank, undefined)
    const heading = { network, signer: bank, number: head.number + 1, previous: head.digest }
    const body = { kind: 'return', ...heading, user: alice.key.publicKey, groups, payment: transactions[0]! } as const
    ledger.take(signRecord(body, keyOf('bank')).bytes)
    return payment
  }

  digest(payment: HolderPayment): Digest {
    return paymentDigest(this.network, payment)
  }

  present(by: Identity, payment: HolderPayment, parts: Partial<Presentation> = {}): SignedStatement<Presentation> {
    const { signature: holderSignature } = payment
    const statement = {
      kind: 'presentation',
      ...this.#heading(by, payment),
      auditor: 'auditor',
      holderSignature,
    } as const
    return signStatement({ ...statement, ...parts }, by.key)
  }

  rule(by: Identity, payment: HolderPayment, answer: AnswerName, time = Date.now()): SignedStatement<Ruling> {
    const statement = { kind: 'ruling', ...this.#heading(by, payment), time, answer, reason: '', block: 0 } as const
    return signStatement(statement, by.key)
  }

  /** One vendor's two presentations of one payment. */
  sold(): ClaimOf<'double_selling'> {
    const payment = this.pay(this.issue(1))
    const { kiosk } = this
    return {
      kind: 'double_selling',
      presentations: [this.present(kiosk, payment), this.present(kiosk, payment, { time: 1 })],
    }
  }

  /** A validator's encoded vote. */
  vote(kind: VoteKind, content: string, view = 5, signer = 2): Uint8Array {
    const named = { digest: digestOfName(content), outcome: digestOfName('outcome') }
    const { digest, outcome } = kind === 'nullify' ? { digest: zeroDigest, outcome: zeroDigest } : named
    return encodeVote(signVote(this.network, { kind, view, digest, outcome }, signer, keyOf(`validator-${signer}`)))
  }

  #heading({ certificate }: Identity, payment: HolderPayment) {
    const signer = certificate.facts.fingerprint
    return { network: this.network, signer, payload: this.digest(payment), time: Date.now() }
  }
}

/** The payment with a signature of somebody else than its holder. */
export function forged<T extends HolderPayment>(payment: T, network: Digest, by: SigningKey = userKey('mallory')): T {
  return { ...payment, signature: signPayload(paymentDigest(network, payment), by) }
}
