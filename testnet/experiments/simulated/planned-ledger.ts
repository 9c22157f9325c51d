// The ledger under clients who do nothing but submit numbered records: a bank publishes, auditors bring token blocks of one user that spend the
// same tokens in different orders, some altered, some twice, some not published yet. Any schedule of the vote may run on it.
import type { ApplicationFactory } from '../../../consensus/simulator/application.ts'
import { epoch } from '../../../consensus/simulator/shell-world.ts'
import { layOutTokens } from '../../../node/ledger/form.ts'
import { type Digest, digestOf, zeroDigest } from '../../../proto/hash.ts'
import { type LedgerRecord, type SignedRecord, signRecord } from '../../../proto/records.ts'
import type { TokenGroup } from '../../../proto/token.ts'
import { createLedgerFactory, type LedgerSwitches } from './ledger-application.ts'
import { auditorName, certificateOf, keyOf, ledgerNetwork, membersOf, tokenValue } from './parties.ts'
import { alterToken, hashOf, issueTokens, plainPayment } from './tokens.ts'

const auditors = 3
const tokensEach = 6
const hourMs = 3_600_000
const holder = 'a user'

const groupOf = (publication: number): TokenGroup => ({
  bank: certificateOf('bank').fingerprint,
  publication,
  value: tokenValue,
  issuedAt: epoch,
  payBy: epoch + hourMs,
  expiry: epoch + 2 * hourMs,
  holder: keyOf(holder).publicKey,
})

const tokens = new Map<number, ReturnType<typeof issueTokens>>()

function tokensOf(publication: number): ReturnType<typeof issueTokens> {
  const known = tokens.get(publication)
  if (known) return known
  const made = issueTokens(groupOf(publication), 0, tokensEach, keyOf('bank'))
  tokens.set(publication, made)
  return made
}

function publication(number: number, salt: number) {
  const { value, issuedAt, payBy, expiry } = groupOf(number)
  const hashes = new Uint8Array(Buffer.concat(tokensOf(number).map(hashOf)))
  // under another salt the same number publishes another token
  if (salt === 1) hashes[0]! ^= 1
  return { kind: 'publication' as const, value, issuedAt, payBy, expiry, hashes }
}

/** Block `number` of an auditor: two payments, which overlap with those of the other auditors and with its own last one. */
function tokenBlock(auditor: number, number: number, salt: number) {
  const own = tokensOf(number)
  const first = own.slice(auditor, auditor + 2)
  const older = tokensOf(Math.max(1, number - 1))[(auditor + 2) % tokensEach]!
  const second = number % 3 === 0 ? [alterToken(own[5]!), older] : [own[(auditor + 3) % tokensEach]!, older]
  const name = `${auditor}/${number}/${salt}`
  const payments = [plainPayment(holder, first, `a ${name}`, epoch), plainPayment(holder, second, `b ${name}`, epoch)]
  const terms = number === 1 ? ({ w0: 1_000, model: 'neutral', rounding: 'floor' } as const) : undefined
  const { groups, transactions } = layOutTokens(payments)
  const user = keyOf(holder).publicKey
  return { kind: 'tokenBlock' as const, user, pending: number % 2 === 0, terms, groups, transactions }
}

const records = new Map<string, SignedRecord>()

/** Client 0 is the bank, the next are auditors, all others the authority, which revokes certificates of nobody. */
function planned(client: number, number: number, salt: number): SignedRecord {
  const name = `${client}/${number}/${salt}`
  const known = records.get(name)
  if (known) return known
  const previous = number === 1 ? zeroDigest : planned(client, number - 1, salt).digest
  const by = client === 0 ? 'bank' : client <= auditors ? auditorName(client - 1) : 'authority'
  const heading = { network: ledgerNetwork, signer: certificateOf(by).fingerprint, number, previous }
  const certificate: Digest = digestOf('record', Buffer.from(name))
  const body =
    client === 0
      ? publication(number, salt)
      : client <= auditors
        ? tokenBlock(client - 1, number, salt)
        : { kind: 'revocation' as const, certificate, reason: 'a test' }
  const signed = signRecord<LedgerRecord>({ ...heading, ...body } as LedgerRecord, keyOf(by))
  records.set(name, signed)
  return signed
}

/** Ledgers for schedules of the vote; records are signed once for all of them. */
export const createPlannedLedger = (switches: LedgerSwitches = {}): ApplicationFactory =>
  createLedgerFactory(membersOf(auditors), switches, (client, number, salt) => planned(client, number, salt & 1).bytes)
