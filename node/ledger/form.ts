// What a record must be like whatever the state: checked once, before a pool or a proposal takes it. Execution relies on it.
import { Writer } from '../../proto/bytes.ts'
import { type ErrorCode, MupibError } from '../../proto/errors.ts'
import type { Digest } from '../../proto/hash.ts'
import { limits } from '../../proto/limits.ts'
import { publicKeyFault } from '../../proto/public-key.ts'
import { isName, type LedgerRecord, type Membership, type Publication, type SignedRecord } from '../../proto/records.ts'
import { termsFault } from '../../proto/session/terms.ts'
import { groupBytes, type Payment, type TokenGroup, writeGroup } from '../../proto/token.ts'

function fail(code: ErrorCode, field: string, message: string, hint: string): never {
  throw new MupibError(code, message, { hint, field })
}

/**
 * Throws where a record can never be admissible on this network: `wrong_network`, `too_large`, `malformed`, `times`,
 * `token_value`, `bad_key`, `trust_terms`, `session_terms`; the error's `field` names the place.
 */
export function checkForm({ record, bytes }: SignedRecord, network: Digest): void {
  if (record.network !== network)
    fail('wrong_network', 'network', `a record for network ${record.network}`, `this network is ${network}`)
  if (bytes.length > limits.recordBytes)
    fail('too_large', 'record', `a record of ${bytes.length} bytes`, `at most ${limits.recordBytes} bytes`)
  checkKind(record)
}

function checkKind(record: LedgerRecord): void {
  switch (record.kind) {
    case 'membership':
      checkMembership(record)
      break
    case 'publication':
      checkPublication(record)
      break
    case 'return':
      checkTokens(record.groups, [record.payment])
      break
    case 'tokenBlock': {
      const { terms } = record
      if (terms && (terms.w0 < 1 || terms.w0 > limits.blockTokens))
        fail('trust_terms', 'terms.w0', `a block size of ${terms.w0}`, `from 1 to ${limits.blockTokens} tokens`)
      checkTokens(record.groups, record.transactions)
      break
    }
    case 'sessionOpen': {
      const fault = record.terms.network === record.network ? termsFault(record.terms) : networkFault
      if (fault) fail('session_terms', `terms.${fault.field}`, `${fault.field} of a session's terms`, fault.hint)
      break
    }
    case 'revocation':
    case 'sessionClose':
      break
  }
}

const networkFault = { field: 'network', hint: 'the network of the record' } as const

function checkMembership({ name, role, tokenValue, certificate }: Membership): void {
  if (!isName(name)) fail('malformed', 'name', 'not a name', 'lower-case letters, digits, dots and dashes')
  const keyFault = publicKeyFault(certificate.publicKey)
  if (keyFault !== undefined) fail('bad_key', 'certificate.publicKey', 'a key that must not be registered', keyFault)
  if (certificate.notAfter < certificate.notBefore)
    fail('times', 'certificate.notAfter', 'the certificate ends before it begins', 'no earlier than notBefore')
  if (role === 'bank' && tokenValue === 0n)
    fail('token_value', 'tokenValue', 'a bank whose tokens are worth nothing', 'at least 1 minor unit')
  if (role === 'auditor' && tokenValue !== 0n)
    fail('token_value', 'tokenValue', 'an auditor with a token value', '0: only banks issue tokens')
}

function checkPublication({ value, issuedAt, payBy, expiry, hashes }: Publication): void {
  if (issuedAt > payBy || payBy > expiry)
    fail('times', 'payBy', 'the times of a publication are out of order', 'issuedAt ≤ payBy ≤ expiry')
  if (value === 0n) fail('token_value', 'value', 'tokens that are worth nothing', "the bank's token value")
  if (hashes.length === 0 || hashes.length % 32 !== 0)
    fail('malformed', 'hashes', 'not whole hashes', '32 bytes for each token, and at least one token')
  if (hashes.length > limits.publicationTokens * 32)
    fail('too_large', 'hashes', 'too many tokens', `at most ${limits.publicationTokens} tokens`)
}

/** Groups ascend by their encoding, so each stands once, and each is used: one set of tokens has one encoding. */
function checkTokens(groups: readonly TokenGroup[], payments: readonly Payment[]): void {
  if (groups.length > limits.blockGroups)
    fail('too_large', 'groups', `${groups.length} token groups`, `at most ${limits.blockGroups}`)
  if (payments.length === 0) fail('malformed', 'transactions', 'no transactions', 'at least one')
  if (payments.length > limits.blockTransactions)
    fail('too_large', 'transactions', `${payments.length} transactions`, `at most ${limits.blockTransactions}`)
  const used = new Uint8Array(groups.length)
  let tokens = 0
  for (const payment of payments) {
    if (payment.tokens.length === 0) fail('malformed', 'tokens', 'a payment without tokens', 'at least one token')
    tokens += payment.tokens.length
    for (const token of payment.tokens) {
      if (token.group >= groups.length)
        fail('malformed', 'tokens', `no token group ${token.group}`, 'a group that stands')
      used[token.group] = 1
    }
  }
  if (tokens > limits.blockTokens)
    fail('too_large', 'tokens', `${tokens} tokens in one record`, `at most ${limits.blockTokens}`)
  if (used.includes(0)) fail('malformed', 'groups', `token group ${used.indexOf(0)} is not used`, 'only groups in use')
  for (let i = 1; i < groups.length; i++)
    if (compareGroups(groups[i - 1]!, groups[i]!) >= 0)
      fail('malformed', 'groups', `token group ${i} is out of order`, 'groups ascend by their bytes, each once')
}

const encodeGroup = (group: TokenGroup): Uint8Array => writeGroup(new Writer(groupBytes), group).finish()

/** The order of groups in a record: by their encoding. */
export function compareGroups(a: TokenGroup, b: TokenGroup): number {
  return Buffer.compare(encodeGroup(a), encodeGroup(b))
}

/** A token before it has its place in a record. */
export interface LooseToken {
  readonly group: TokenGroup
  readonly index: number
  readonly signature: Uint8Array
}

/** A payment before its tokens have their places in a record. */
type LoosePayment = Omit<Payment, 'tokens'> & { readonly tokens: readonly LooseToken[] }

/** Lays tokens out as a record holds them: the groups in their order, and each payment, without what else is known of it, pointing to them. */
export function layOutTokens(payments: readonly LoosePayment[]): { groups: TokenGroup[]; transactions: Payment[] } {
  const byBytes = new Map<string, TokenGroup>()
  // Tokens of one hand usually share the group object: encode each object once.
  const names = new Map<TokenGroup, string>()
  const nameOf = (group: TokenGroup): string => {
    const known = names.get(group)
    if (known !== undefined) return known
    const name = Buffer.from(encodeGroup(group)).toString('latin1')
    names.set(group, name)
    return name
  }
  for (const payment of payments) for (const { group } of payment.tokens) byBytes.set(nameOf(group), group)
  // Code units of latin1 text order as the bytes do.
  const ordered = [...byBytes].sort(([a], [b]) => (a < b ? -1 : 1))
  const places = new Map(ordered.map(([name], place) => [name, place]))
  return {
    groups: ordered.map(([, group]) => group),
    transactions: payments.map(({ time, information, signature, tokens }) => ({
      time,
      information,
      signature,
      tokens: tokens.map(({ group, index, signature }) => ({
        group: places.get(nameOf(group))!,
        index,
        signature,
      })),
    })),
  }
}
