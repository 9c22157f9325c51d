// For tests: parties of a test network with certificates, accounts and money at its bank.
import type { TestLedger, TestNetwork } from '../../node/client/testing.ts'
import { layOutTokens } from '../../node/ledger/form.ts'
import { issueCertificate, parseCertificate } from '../../proto/certificates.ts'
import type { SigningKey } from '../../proto/keys.ts'
import { createAmount } from '../../proto/money.ts'
import { type Role, signRecord } from '../../proto/records.ts'
import { keyOf } from '../../proto/testing.ts'
import { encodeRecordAnswer } from '../../proto/wire/codec.ts'
import type { Identity } from '../common/identity.ts'
import type { HolderPayment } from '../common/payment.ts'
import { userKey } from '../common/testing.ts'
import type { Bank } from './bank.ts'

/** A party with a certificate of the network's authority; keys are those of `userKey` where none is given. */
export async function identify(
  net: TestNetwork,
  role: Exclude<Role, 'authority'>,
  name: string,
  key: SigningKey = userKey(name),
): Promise<Identity> {
  const roots = net.genesis.roots.map(({ der }) => parseCertificate(der))
  const { notBefore, notAfter } = roots[0]!.facts
  const issuer = { issuer: roots[0]!, issuerKey: keyOf('authority') }
  const certificate = await issueCertificate({ ...issuer, name, role, publicKey: key.publicKey, notBefore, notAfter })
  return { network: net.ledger.network, key, certificate, roots }
}

/** Opens a party's account with so much money; the same again changes nothing. */
export async function openAccount(
  bank: Bank,
  net: TestNetwork,
  role: 'user' | 'vendor' | 'auditor',
  name: string,
  money: number | bigint = 0,
  key?: SigningKey,
): Promise<Identity> {
  const identity = await identify(net, role, name, key)
  const { key: account } = await bank.openAccount(identity.certificate)
  if (BigInt(money) > 0n) await bank.deposit(account, createAmount(BigInt(money)), `for ${role} ${name}`)
  return identity
}

/** Has the ledger decide a token block of the network's auditor; gives its certified answer as it travels. */
export function decideBlock(
  ledger: TestLedger,
  user: SigningKey,
  payments: readonly HolderPayment[],
  pending = false,
): Uint8Array {
  const { genesis, network } = ledger
  const signer = genesis.members.find(({ role }) => role === 'auditor')!.certificate.fingerprint
  const head = ledger.head('tokenBlock', signer, user.publicKey)
  const { groups, transactions } = layOutTokens(payments)
  const terms = head.number === 0 ? ({ w0: 100, model: 'neutral', rounding: 'floor' } as const) : undefined
  const heading = { network, signer, number: head.number + 1, previous: head.digest }
  const record = signRecord(
    { kind: 'tokenBlock', ...heading, user: user.publicKey, pending, terms, groups, transactions },
    keyOf('auditor'),
  )
  return encodeRecordAnswer(ledger.answers.get(ledger.take(record.bytes))!)
}
