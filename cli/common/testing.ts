// For tests of banks and auditors: their homes on disk beside scripted validators, and a user who pays.
import * as fs from 'node:fs'
import * as path from 'node:path'
import { seedOfName, type TestNetwork } from '../../node/client/testing.ts'
import type { LooseToken } from '../../node/ledger/form.ts'
import type { SigningKey } from '../../proto/keys.ts'
import { derToPem } from '../../proto/pem.ts'
import { keyOf } from '../../proto/testing.ts'
import { signPayload } from '../../proto/token.ts'
import { writeKeyFile } from './files.ts'
import { informationDigest } from './information.ts'
import { type PresentedPayment, paymentDigest } from './payment.ts'

/** Writes the home of a bank or an auditor of the network; `more` goes into its config. Returns the folder. */
export function writeHome(
  net: TestNetwork,
  role: 'bank' | 'auditor',
  more: Record<string, unknown> = {},
  name: string = role,
): string {
  const folder = path.join(net.dir, name)
  fs.mkdirSync(folder, { recursive: true })
  writeKeyFile(path.join(folder, 'key.json'), seedOfName(name))
  const member = net.genesis.members.find(candidate => candidate.role === role && candidate.name === name)!
  fs.writeFileSync(path.join(folder, 'certificate.pem'), derToPem(member.certificateDer))
  const files = { genesis: '../genesis.json', key: 'key.json', certificate: 'certificate.pem', peers: '../peers.json' }
  const config = { ...files, store: 'store', http: { host: '127.0.0.1', port: 0 }, runFile: 'run.json', ...more }
  fs.writeFileSync(path.join(folder, 'config.json'), JSON.stringify(config))
  return folder
}

let purchases = 0

/** A payment signed by the holder of its tokens, for one item; parts of it may be replaced before it is signed. */
export function payWith(
  network: string,
  holder: SigningKey,
  tokens: readonly LooseToken[],
  parts: Partial<PresentedPayment['details']> = {},
  time = Date.now(),
): PresentedPayment {
  purchases += 1
  const details = {
    vendor: 'vendor-1',
    auditor: 'auditor',
    item: 'an article',
    price: BigInt(tokens.length),
    nonce: purchases.toString(16).padStart(32, '0'),
    deadline: time + 3_600_000,
    ...parts,
  }
  const information = informationDigest(network, details)
  const unsigned = { time, information, tokens, details, holder: holder.publicKey }
  return { ...unsigned, signature: signPayload(paymentDigest(network, unsigned), holder) }
}

/** A token with another bank signature than it had. */
export function altered(token: LooseToken): LooseToken {
  const signature = Uint8Array.from(token.signature)
  signature[7]! ^= 1
  return { ...token, signature }
}

export const userKey = (name: string): SigningKey => keyOf(`user ${name}`)
