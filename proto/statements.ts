// What parties sign beside the ledger, one message of the first paper's figure 1 each: a vendor's presentation (3), an auditor's ruling
// (5, 8) and transfer (4), a vendor's receipt (9). Each names the payment by its digest and the signer by a certificate's fingerprint.
import { bytesOfHex, Reader, toHex, Writer } from './bytes.ts'
import { MupibError } from './errors.ts'
import { type Digest, digestOf } from './hash.ts'
import { type SignatureCheck, type SigningKey, sign, signatureBytes, verify } from './keys.ts'
import { limits } from './limits.ts'

interface Heading {
  /** Genesis hash. */
  readonly network: Digest
  /** Fingerprint of the signer's certificate. */
  readonly signer: Digest
  /** Digest of the payment it is about. */
  readonly payload: Digest
  /** When it was signed, in milliseconds since 1970. */
  readonly time: number
}

/**
 * A vendor presents a payment to an auditor (the second signature of eq. 2). The holder's signature stands in it, so that an auditor cannot
 * put a bad one in its place and blame the vendor. A vendor signs one presentation of a payment: a second one is double selling.
 */
export interface Presentation extends Heading {
  readonly kind: 'presentation'
  /** Name of the auditor. */
  readonly auditor: string
  readonly holderSignature: Uint8Array
}

export const answers = { deliver: 1, wait: 2, rejected: 3, not_queued: 4 } as const
export type AnswerName = keyof typeof answers

/** An auditor's answer to a payment. `rejected` and `not_queued` are final: the holder may spend the tokens elsewhere. */
export interface Ruling extends Heading {
  readonly kind: 'ruling'
  readonly answer: AnswerName
  /** Why it was rejected; empty otherwise. */
  readonly reason: string
  /** Number of the user's token block that decided it or is to decide it; 0 for none. */
  readonly block: number
}

/** A vendor tells the user that the item was delivered, or that it will not be. */
export interface Receipt extends Heading {
  readonly kind: 'receipt'
  readonly outcome: 'delivered' | 'refused'
  readonly item: string
}

/** An auditor has its bank pay a vendor for a settled payment; the payment's digest makes it count once. */
export interface Transfer extends Heading {
  readonly kind: 'transfer'
  /** Name of the bank. */
  readonly bank: string
  /** The vendor's public key. */
  readonly payee: Uint8Array
  /** In minor units. */
  readonly amount: bigint
}

export type Statement = Presentation | Ruling | Receipt | Transfer
export type StatementKind = Statement['kind']

/** A statement with its canonical content and the signature over it. */
export interface SignedStatement<T extends Statement = Statement> {
  readonly statement: T
  readonly content: Uint8Array
  readonly signature: Uint8Array
}

/** As it stands in JSON: hex of content and signature. */
export interface StatementJson {
  readonly content: string
  readonly signature: string
}

const kinds = { presentation: 1, ruling: 2, receipt: 3, transfer: 4 } as const satisfies Record<StatementKind, number>

/** Bytes of a text in a statement (a name, a reason, an item), and of the whole of it. */
const textBytesMax = 128
const contentBytesMax = 512

function contentOf(statement: Statement): Uint8Array {
  const { kind, network, signer, payload, time } = statement
  const writer = new Writer(256).u8(kinds[kind]).digest(network).digest(signer).digest(payload).u64(time)
  switch (statement.kind) {
    case 'presentation':
      return writer.text(statement.auditor).fixed(statement.holderSignature, signatureBytes).finish()
    case 'ruling':
      return writer.u8(answers[statement.answer]).text(statement.reason).u64(statement.block).finish()
    case 'receipt':
      return writer
        .boolean(statement.outcome === 'delivered')
        .text(statement.item)
        .finish()
    case 'transfer':
      return writer.text(statement.bank).fixed(statement.payee, 32).u64(statement.amount).finish()
  }
}

const answerOf = (number: number): AnswerName => {
  for (const [name, tag] of Object.entries(answers)) if (tag === number) return name as AnswerName
  throw new MupibError('malformed', `no answer has the number ${number}`)
}

function readStatement(content: Uint8Array): Statement {
  if (content.length > contentBytesMax) throw new MupibError('too_large', `a statement of ${content.length} bytes`)
  const reader = new Reader(content)
  const tag = reader.u8()
  const heading = { network: reader.digest(), signer: reader.digest(), payload: reader.digest(), time: reader.u64() }
  const statement = readBody(tag, heading, reader)
  reader.end()
  return statement
}

function readBody(tag: number, heading: Heading, reader: Reader): Statement {
  switch (tag) {
    case kinds.presentation: {
      const auditor = reader.text(textBytesMax)
      return { kind: 'presentation', ...heading, auditor, holderSignature: reader.fixed(signatureBytes) }
    }
    case kinds.ruling:
      return {
        kind: 'ruling',
        ...heading,
        answer: answerOf(reader.u8()),
        reason: reader.text(textBytesMax),
        block: reader.u64(),
      }
    case kinds.receipt: {
      const outcome = reader.boolean() ? 'delivered' : 'refused'
      return { kind: 'receipt', ...heading, outcome, item: reader.text(textBytesMax) }
    }
    case kinds.transfer:
      return {
        kind: 'transfer',
        ...heading,
        bank: reader.text(textBytesMax),
        payee: reader.fixed(32),
        amount: reader.amount(limits.amount),
      }
    default:
      throw new MupibError('unknown_kind', 'no such kind of statement')
  }
}

const messageOf = (content: Uint8Array): Uint8Array => bytesOfHex(digestOf('statement', content))

/** Signs a statement. */
export function signStatement<T extends Statement>(statement: T, key: SigningKey): SignedStatement<T> {
  const content = contentOf(statement)
  return { statement, content, signature: sign('statementSignature', messageOf(content), key) }
}

/** True where the signature holds under the signer's public key. */
export function verifyStatement(
  { content, signature }: SignedStatement,
  publicKey: Uint8Array,
  check: SignatureCheck = verify,
): boolean {
  return check('statementSignature', messageOf(content), publicKey, signature)
}

/** Reads a statement of the wanted kind; its signature is not looked at. Throws `malformed`, `too_large`, `unknown_kind`, `trailing_bytes`. */
export function decodeStatement<K extends StatementKind>(
  kind: K,
  content: Uint8Array,
  signature: Uint8Array,
): SignedStatement<Extract<Statement, { kind: K }>> {
  const statement = readStatement(content)
  if (statement.kind !== kind) throw new MupibError('malformed', `a ${statement.kind} where a ${kind} belongs`)
  if (signature.length !== signatureBytes) throw new MupibError('malformed', 'a signature of another length')
  return { statement: statement as Extract<Statement, { kind: K }>, content, signature }
}

export const statementToJson = ({ content, signature }: SignedStatement): StatementJson => ({
  content: toHex(content),
  signature: toHex(signature),
})
