// What an auditor keeps of every payment for good: as it was presented, with both certificates and the vendor's signature, and its last
// ruling. Whoever is asked for the signed payment behind a consumption shows these rows.
import type { Database, WriteOp } from '../../node/store/database.ts'
import { Reader, Writer } from '../../proto/bytes.ts'
import type { Digest } from '../../proto/hash.ts'
import { signatureBytes } from '../../proto/keys.ts'
import { limits } from '../../proto/limits.ts'
import {
  decodeStatement,
  type Presentation,
  type Ruling,
  type SignedStatement,
  type StatementKind,
} from '../../proto/statements.ts'
import { readGroup, type TokenGroup, writeGroup } from '../../proto/token.ts'
import { informationLimits } from '../common/information.ts'
import type { PresentedPayment } from '../common/payment.ts'
import { actorKey, actorPrefixes } from '../common/store-keys.ts'

/** A payment as a vendor presented it. Certificates in DER. */
export interface KeptPayment {
  /** The user's. */
  readonly certificate: Uint8Array
  readonly vendorCertificate: Uint8Array
  readonly presentation: SignedStatement<Presentation>
  readonly payment: PresentedPayment
  /** Milliseconds since 1970. */
  readonly takenAt: number
}

const statementBytesMax = 1_024

const writeStatement = (writer: Writer, { content, signature }: SignedStatement): Writer =>
  writer.bytes(content).fixed(signature, signatureBytes)

const readStatement = <K extends StatementKind>(reader: Reader, kind: K) =>
  decodeStatement(kind, reader.bytes(statementBytesMax), reader.fixed(signatureBytes))

function writePayment(writer: Writer, payment: PresentedPayment): void {
  const groups = [...new Set(payment.tokens.map(({ group }) => group))]
  const { vendor, auditor, item, price, nonce, deadline } = payment.details
  writer
    .fixed(payment.holder, 32)
    .u64(payment.time)
    .digest(payment.information)
    .fixed(payment.signature, signatureBytes)
    .text(vendor)
    .text(auditor)
    .text(item)
    .u64(price)
    .digest(nonce.padEnd(64, '0'))
    .u64(deadline)
    .u32(groups.length)
  for (const group of groups) writeGroup(writer, group)
  writer.u32(payment.tokens.length)
  const places = new Map(groups.map((group, place) => [group, place]))
  for (const { group, index, signature } of payment.tokens)
    writer.u16(places.get(group)!).u32(index).fixed(signature, signatureBytes)
}

function readPayment(reader: Reader): PresentedPayment {
  const holder = reader.fixed(32)
  const time = reader.u64()
  const information = reader.digest()
  const signature = reader.fixed(signatureBytes)
  const details = {
    vendor: reader.text(informationLimits.textBytes),
    auditor: reader.text(informationLimits.textBytes),
    item: reader.text(informationLimits.textBytes),
    price: reader.amount(limits.amount),
    nonce: reader.digest().slice(0, 2 * informationLimits.nonceBytes),
    deadline: reader.u64(),
  }
  const groups: TokenGroup[] = []
  for (let count = reader.count(limits.blockGroups); count > 0; count--) groups.push(readGroup(reader))
  const tokens: PresentedPayment['tokens'][number][] = []
  for (let count = reader.count(limits.blockTokens); count > 0; count--)
    tokens.push({ group: groups[reader.u16()]!, index: reader.u32(), signature: reader.fixed(signatureBytes) })
  return { holder, time, information, signature, details, tokens }
}

export class PaymentStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  ruling(payment: Digest): SignedStatement<Ruling> | undefined {
    const row = this.#database.get(actorKey(actorPrefixes.ruling, payment))
    return row && readStatement(new Reader(row), 'ruling')
  }

  putRuling(ruling: SignedStatement<Ruling>): WriteOp {
    const key = actorKey(actorPrefixes.ruling, ruling.statement.payload)
    return { type: 'put', key, value: writeStatement(new Writer(256), ruling).finish() }
  }

  presented(payment: Digest): KeptPayment | undefined {
    const row = this.#database.get(actorKey(actorPrefixes.presented, payment))
    if (!row) return undefined
    const reader = new Reader(row)
    const kept = {
      takenAt: reader.u64(),
      certificate: reader.bytes(limits.certificateBytes),
      vendorCertificate: reader.bytes(limits.certificateBytes),
      presentation: readStatement(reader, 'presentation'),
      payment: readPayment(reader),
    }
    reader.end()
    return kept
  }

  putPresented(digest: Digest, kept: KeptPayment): WriteOp {
    const writer = new Writer(2_048 + kept.payment.tokens.length * 72)
      .u64(kept.takenAt)
      .bytes(kept.certificate)
      .bytes(kept.vendorCertificate)
    writePayment(writeStatement(writer, kept.presentation), kept.payment)
    return { type: 'put', key: actorKey(actorPrefixes.presented, digest), value: writer.finish() }
  }
}
