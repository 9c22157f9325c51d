// What a bank hands out, held to what the wallet ordered: the proof against genesis, and the bank's signature on every token. The proof covers
// the publication's record, not each hash in it; for a token that is not the published one, the bank's signature on it is the evidence.
import type { LooseToken } from '../../node/ledger/form.ts'
import { bytesEqual, bytesOfHex } from '../../proto/bytes.ts'
import { MupibError } from '../../proto/errors.ts'
import { verify } from '../../proto/keys.ts'
import { parseProof, verifyProof } from '../../proto/proof.ts'
import { groupDigest, type TokenGroup, verifyToken } from '../../proto/token.ts'
import { FieldReader } from '../common/config.ts'
import { groupFromJson } from '../common/payment.ts'
import { memberNamed } from '../common/rulings.ts'
import type { WalletHome } from './wallet.ts'

/** Tokens that a withdrawal brought. */
export interface Withdrawn {
  readonly publication: number
  readonly group: TokenGroup
  readonly tokens: readonly LooseToken[]
  readonly proof: unknown
}

const fail = (why: string): never => {
  throw new MupibError('refused', `the bank's tokens are not taken: ${why}`)
}

/** Checks a bank's answer to an order of `count` tokens. Throws `malformed`, `bad_proof`, `refused`. */
export function checkWithdrawn(reply: Record<string, unknown>, home: WalletHome, count: number): Withdrawn {
  const { publication, tokens: rows, proof } = reply
  if (!Array.isArray(rows) || rows.length !== count) return fail(`not ${count} of them`)
  const read = rows.map((row, i) => {
    const fields = new FieldReader(row, `tokens[${i}]`, 'malformed')
    return {
      group: groupFromJson(fields.raw('group'), `tokens[${i}]`, 'malformed'),
      index: fields.integer('index', 0, 0xffff_ffff),
      signature: bytesOfHex(fields.hex('signature', 64)),
    }
  })
  const { group } = read[0]!
  checkPublication(group, publication, proof, home)
  const bank = memberNamed(home.genesis, 'bank', home.own.bank)
  if (group.value !== bank.tokenValue) fail(`each is worth ${group.value}, not ${bank.tokenValue}`)
  if (!bytesEqual(group.holder, home.key.publicKey)) fail('they are of another holder')
  const network = bytesOfHex(home.network)
  const digest = groupDigest(network, group)
  for (const token of read) {
    if (!bytesEqual(groupDigest(network, token.group), digest)) fail('they do not share publication, value and times')
    if (!verifyToken(digest, { ...token, group: 0 }, bank.certificate.publicKey)) fail('one is not signed by the bank')
  }
  if (new Set(read.map(({ index }) => index)).size < count) fail('one comes twice')
  return { publication: group.publication, group, proof, tokens: read.map(token => ({ ...token, group })) }
}

function checkPublication(group: TokenGroup, publication: unknown, proof: unknown, { genesis }: WalletHome): void {
  const { record } = verifyProof(parseProof(JSON.stringify(proof)), genesis, verify)
  if (record.kind !== 'publication' || record.refusal !== undefined) fail('the proof is not of a publication')
  if (record.signer !== group.bank || record.number !== group.publication || publication !== group.publication)
    fail('the proof is of another publication')
}
