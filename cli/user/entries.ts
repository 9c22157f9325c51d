// The entries of a wallet's journal as JSON: in its store, in a backup, and as commands show them.
import { bytesOfHex, toHex } from '../../proto/bytes.ts'
import type { ErrorCode } from '../../proto/errors.ts'
import type { Digest } from '../../proto/hash.ts'
import { type Receipt, type Ruling, type SignedStatement, statementToJson } from '../../proto/statements.ts'
import { FieldReader } from '../common/config.ts'
import { isoTime } from '../common/output.ts'
import {
  type HolderPayment,
  type PresentedPayment,
  presentedFromJson,
  presentedToJson,
  returnFromJson,
  returnToJson,
} from '../common/payment.ts'
import { statementFromJson } from '../common/rulings.ts'
import type { PaymentState } from './rules.ts'

interface Heading {
  /** In the order of the wallet's doings, from 1. */
  readonly number: number
  /** Milliseconds since 1970. */
  readonly time: number
}

/** Tokens that were ordered; `publication` is there once they have come. */
export interface Withdrawal extends Heading {
  readonly kind: 'withdrawal'
  /** 16 random bytes in hex: the bank takes an order once. */
  readonly order: string
  readonly count: number
  readonly publication: number | undefined
}

/** Whom a payment is for, as it was when the wallet paid. */
export interface PaidVendor {
  readonly name: string
  readonly url: string
  readonly publicKey: Uint8Array
}

export interface PaymentEntry extends Heading {
  readonly kind: 'payment'
  readonly digest: Digest
  readonly vendor: PaidVendor
  readonly payment: PresentedPayment
  readonly state: PaymentState
  readonly ruling: SignedStatement<Ruling> | undefined
  readonly receipt: SignedStatement<Receipt> | undefined
}

/** Tokens on their way back to the bank; `refunded` is there once the ledger has decided. */
export interface ReturnEntry extends Heading {
  readonly kind: 'return'
  readonly digest: Digest
  readonly payment: Omit<HolderPayment, 'information'>
  readonly refunded: number | undefined
}

export type Entry = Withdrawal | PaymentEntry | ReturnEntry

/** True where something is still to come: tokens, a ruling, a receipt, a verdict. */
export function isOpenEntry(entry: Entry): boolean {
  switch (entry.kind) {
    case 'withdrawal':
      return entry.publication === undefined
    case 'payment':
      return entry.state === 'open' || entry.state === 'claim'
    case 'return':
      return entry.refunded === undefined
  }
}

export function entryToJson(entry: Entry): Record<string, unknown> {
  const { kind, number, time } = entry
  const heading = { kind, number, time: isoTime(time) }
  switch (entry.kind) {
    case 'withdrawal':
      return { ...heading, order: entry.order, count: entry.count, publication: entry.publication }
    case 'payment': {
      const { digest, vendor, payment, state, ruling, receipt } = entry
      return {
        ...heading,
        digest,
        vendor: { ...vendor, publicKey: toHex(vendor.publicKey) },
        payment: presentedToJson(payment),
        state,
        ...(ruling ? { ruling: statementToJson(ruling) } : {}),
        ...(receipt ? { receipt: statementToJson(receipt) } : {}),
      }
    }
    case 'return':
      return { ...heading, digest: entry.digest, payment: returnToJson(entry.payment), refunded: entry.refunded }
  }
}

/** Reads what `entryToJson` gave. Throws the code given. */
export function entryFromJson(value: unknown, network: Digest, code: ErrorCode): Entry {
  const fields = new FieldReader(value, 'entry', code)
  const kind = fields.oneOf('kind', ['withdrawal', 'payment', 'return'])
  const heading = {
    number: fields.integer('number', 1, Number.MAX_SAFE_INTEGER),
    time: Date.parse(fields.text('time')),
  }
  const count = (name: string): number | undefined =>
    fields.has(name) ? fields.integer(name, 0, Number.MAX_SAFE_INTEGER) : undefined
  switch (kind) {
    case 'withdrawal': {
      const order = fields.hex('order', 16)
      const wanted = fields.integer('count', 1, Number.MAX_SAFE_INTEGER)
      return { kind, ...heading, order, count: wanted, publication: count('publication') }
    }
    case 'payment': {
      const vendor = fields.object('vendor')
      return {
        kind,
        ...heading,
        digest: fields.hex('digest', 32),
        vendor: {
          name: vendor.text('name'),
          url: vendor.text('url'),
          publicKey: bytesOfHex(vendor.hex('publicKey', 32)),
        },
        payment: presentedFromJson(fields.raw('payment'), network, 'entry', code),
        state: fields.oneOf('state', ['open', 'delivered', 'rejected', 'claim']),
        ruling: fields.has('ruling') ? statementFromJson('ruling', fields.raw('ruling')) : undefined,
        receipt: fields.has('receipt') ? statementFromJson('receipt', fields.raw('receipt')) : undefined,
      }
    }
    case 'return': {
      const payment = returnFromJson(fields.raw('payment'), 'entry')
      return { kind, ...heading, digest: fields.hex('digest', 32), payment, refunded: count('refunded') }
    }
  }
}

/** An entry as `user history` and `user pay` show it. */
export function entryView(entry: Entry): Record<string, unknown> {
  const { kind, number } = entry
  const heading = { number, kind, time: isoTime(entry.time) }
  switch (entry.kind) {
    case 'withdrawal': {
      const { order, count, publication } = entry
      return { ...heading, state: publication === undefined ? 'open' : 'received', tokens: count, order, publication }
    }
    case 'payment': {
      const { digest, payment, vendor, state, ruling, receipt } = entry
      const { item, price, auditor, deadline } = payment.details
      return {
        ...heading,
        state,
        tokens: payment.tokens.length,
        payment: digest,
        vendor: vendor.name,
        auditor,
        item,
        price,
        deadline: isoTime(deadline),
        answer: ruling?.statement.answer,
        reason: ruling?.statement.reason || undefined,
        ...(ruling ? { ruling: statementToJson(ruling) } : {}),
        ...(receipt ? { receipt: statementToJson(receipt) } : {}),
      }
    }
    case 'return': {
      const { digest, payment, refunded } = entry
      const state = refunded === undefined ? 'open' : 'returned'
      return { ...heading, state, tokens: payment.tokens.length, payment: digest, refunded }
    }
  }
}
