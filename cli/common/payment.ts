// Payments and tokens as JSON, on HTTP and in files, and as the rules handle them: each token with its whole group.
import type { LooseToken } from '../../node/ledger/form.ts'
import { bytesOfHex, toHex } from '../../proto/bytes.ts'
import { type ErrorCode, MupibError } from '../../proto/errors.ts'
import type { Digest } from '../../proto/hash.ts'
import { limits } from '../../proto/limits.ts'
import { groupDigest, payloadDigest, type TokenGroup, TokenHasher } from '../../proto/token.ts'
import { FieldReader } from './config.ts'
import { certificateBytes } from './identity.ts'
import { informationDigest, informationLimits, type PaymentInformation } from './information.ts'
import { isoTime } from './output.ts'

/** A payment that a holder signed. */
export interface HolderPayment {
  /** Milliseconds since 1970. */
  readonly time: number
  /** Digest of what it is for. */
  readonly information: Digest
  readonly signature: Uint8Array
  readonly tokens: readonly LooseToken[]
}

/** A payment as a vendor presents it. */
export interface PresentedPayment extends HolderPayment {
  readonly holder: Uint8Array
  readonly details: PaymentInformation
}

export interface GroupJson {
  readonly bank: string
  readonly publication: number
  readonly value: string
  readonly issuedAt: string
  readonly payBy: string
  readonly expiry: string
  readonly holder: string
}

export interface TokenJson {
  readonly group: number
  readonly index: number
  readonly signature: string
}

export const groupToJson = (group: TokenGroup): GroupJson => ({
  bank: group.bank,
  publication: group.publication,
  value: group.value.toString(),
  issuedAt: isoTime(group.issuedAt),
  payBy: isoTime(group.payBy),
  expiry: isoTime(group.expiry),
  holder: toHex(group.holder),
})

function readTime(fields: FieldReader, name: string): number {
  const text = fields.text(name)
  const time = Date.parse(text)
  return Number.isSafeInteger(time) && time >= 0 && new Date(time).toISOString() === text
    ? time
    : fields.fail(name, 'a UTC time such as 2026-01-31T12:00:00.000Z')
}

export function groupFromJson(value: unknown, where: string, code: ErrorCode = 'bad_input'): TokenGroup {
  const fields = new FieldReader(value, where, code)
  const group: TokenGroup = {
    bank: fields.hex('bank', 32),
    publication: fields.integer('publication', 1, Number.MAX_SAFE_INTEGER),
    value: fields.amount('value', limits.amount),
    issuedAt: readTime(fields, 'issuedAt'),
    payBy: readTime(fields, 'payBy'),
    expiry: readTime(fields, 'expiry'),
    holder: bytesOfHex(fields.hex('holder', 32)),
  }
  fields.end()
  return group
}

/** Tokens with their groups pulled out, each group once. */
function tokensToJson(tokens: readonly LooseToken[]): { groups: GroupJson[]; tokens: TokenJson[] } {
  const places = new Map<TokenGroup, number>()
  const groups: GroupJson[] = []
  const out = tokens.map(({ group, index, signature }) => {
    let place = places.get(group)
    if (place === undefined) {
      place = groups.push(groupToJson(group)) - 1
      places.set(group, place)
    }
    return { group: place, index, signature: toHex(signature) }
  })
  return { groups, tokens: out }
}

function tokensFromJson(
  groupValues: readonly unknown[],
  tokenValues: readonly unknown[],
  where: string,
  code: ErrorCode,
): LooseToken[] {
  const groups = groupValues.map((value, i) => groupFromJson(value, `${where}: groups[${i}]`, code))
  return tokenValues.map((value, i) => {
    const fields = new FieldReader(value, `${where}: tokens[${i}]`, code)
    const token = {
      group: groups[fields.integer('group', 0, groups.length - 1)]!,
      index: fields.integer('index', 0, 0xffff_ffff),
      signature: bytesOfHex(fields.hex('signature', 64)),
    }
    fields.end()
    return token
  })
}

function informationToJson(information: PaymentInformation): Record<string, string> {
  const { vendor, auditor, item, price, nonce, deadline } = information
  return { vendor, auditor, item, price: price.toString(), nonce, deadline: isoTime(deadline) }
}

function informationFromJson(fields: FieldReader): PaymentInformation {
  const information = {
    vendor: fields.text('vendor'),
    auditor: fields.text('auditor'),
    item: fields.text('item'),
    price: fields.amount('price', limits.amount),
    nonce: fields.hex('nonce', informationLimits.nonceBytes),
    deadline: readTime(fields, 'deadline'),
  }
  fields.end()
  return information
}

/** The body of `POST /payments`: {holder, groups, payment: {time, signature, tokens}, information}. */
export function presentedToJson(payment: PresentedPayment): Record<string, unknown> {
  const { groups, tokens } = tokensToJson(payment.tokens)
  return {
    holder: toHex(payment.holder),
    groups,
    payment: { time: isoTime(payment.time), signature: toHex(payment.signature), tokens },
    information: informationToJson(payment.details),
  }
}

/** Reads the body of `POST /payments` or one payment of a file. Throws the code given, with the field. */
export function presentedFromJson(
  value: unknown,
  network: Digest,
  where = 'payment',
  code: ErrorCode = 'bad_input',
): PresentedPayment {
  const fields = new FieldReader(value, where, code)
  const holder = bytesOfHex(fields.hex('holder', 32))
  const groups = fields.array('groups', limits.blockGroups)
  const payment = fields.object('payment')
  const details = informationFromJson(fields.object('information'))
  fields.end()
  const tokens = tokensFromJson(groups, payment.array('tokens', limits.blockTokens), where, code)
  const signed = { time: readTime(payment, 'time'), signature: bytesOfHex(payment.hex('signature', 64)) }
  payment.end()
  if (tokens.length === 0) throw new MupibError(code, `${where}: a payment without tokens`, { field: 'tokens' })
  return { ...signed, tokens, holder, details, information: informationDigest(network, details) }
}

/** A payment as its user sends it to a vendor. */
export interface UserPayment {
  /** The user's certificate in DER. */
  readonly certificate: Uint8Array
  readonly payment: PresentedPayment
}

/** The body of a vendor's `POST /payments`: a presented payment beside the user's certificate. */
export const userPaymentToJson = ({ certificate, payment }: UserPayment): Record<string, unknown> => ({
  certificate: Buffer.from(certificate).toString('base64'),
  ...presentedToJson(payment),
})

/** Reads what `userPaymentToJson` gave. Throws the code given, with the field, and `bad_certificate`. */
export function userPaymentFromJson(
  value: unknown,
  network: Digest,
  where = 'payment',
  code: ErrorCode = 'bad_input',
): UserPayment {
  const { certificate, ...presented } = (value ?? {}) as Record<string, unknown>
  if (typeof certificate !== 'string')
    throw new MupibError(code, `${where}: certificate must be the base64 of the user's`, { field: 'certificate' })
  return { certificate: certificateBytes(certificate), payment: presentedFromJson(presented, network, where, code) }
}

/** A return file for the bank: {groups, payment: {time, signature, tokens}}. */
export function returnToJson(payment: Omit<HolderPayment, 'information'>): Record<string, unknown> {
  const { groups, tokens } = tokensToJson(payment.tokens)
  return { groups, payment: { time: isoTime(payment.time), signature: toHex(payment.signature), tokens } }
}

export function returnFromJson(value: unknown, where: string): Omit<HolderPayment, 'information'> {
  const fields = new FieldReader(value, where, 'bad_input')
  const groups = fields.array('groups', limits.blockGroups)
  const payment = fields.object('payment')
  fields.end()
  const tokens = tokensFromJson(groups, payment.array('tokens', limits.blockTokens), where, 'bad_input')
  const signed = { time: readTime(payment, 'time'), signature: bytesOfHex(payment.hex('signature', 64)), tokens }
  payment.end()
  if (tokens.length === 0) throw new MupibError('bad_input', `${where}: a return without tokens`, { field: 'tokens' })
  return signed
}

/** The digest of a payment as somebody wrote it. Throws `bad_input`. */
export function checkDigest(text: string): Digest {
  if (/^[0-9a-f]{64}$/.test(text)) return text
  throw new MupibError('bad_input', 'a payment is named by 64 hex characters')
}

const hasher = new TokenHasher()

/** Digest of a payment: what names it everywhere. */
export function paymentDigest(
  network: Digest,
  payment: Pick<HolderPayment, 'time' | 'information' | 'tokens'>,
): Digest {
  const networkBytes = bytesOfHex(network)
  let last: TokenGroup | undefined
  const hashes = payment.tokens.map(({ group, index, signature }) => {
    if (group !== last) hasher.group(groupDigest(networkBytes, group))
    last = group
    return hasher.hash(index, signature)
  })
  return payloadDigest(payment.time, payment.information, hashes)
}
