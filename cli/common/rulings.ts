// What auditors and vendors sign about a payment, as others receive it: nothing of it is believed before its signature, its network and the
// payment that it names are checked.
import { bytesOfHex } from '../../proto/bytes.ts'
import type { Certificate } from '../../proto/certificates.ts'
import { MupibError } from '../../proto/errors.ts'
import type { Genesis, GenesisMember } from '../../proto/genesis.ts'
import type { Digest } from '../../proto/hash.ts'
import {
  decodeStatement,
  type Receipt,
  type Ruling,
  type SignedStatement,
  type Statement,
  type StatementJson,
  type StatementKind,
  verifyStatement,
} from '../../proto/statements.ts'
import type { PartyHome } from './actor-home.ts'
import { FieldReader } from './config.ts'

/** The bank or auditor of a name as genesis has it; a renewed certificate is of the same key. Throws `not_admitted`. */
export function memberNamed(genesis: Genesis, role: GenesisMember['role'], name: string): GenesisMember {
  const member = genesis.members.find(candidate => candidate.role === role && candidate.name === name)
  if (member) return member
  throw new MupibError('not_admitted', `genesis names no ${role} "${name}"`, {
    hint: `there are: ${genesis.members.filter(other => other.role === role).map(other => other.name)}`,
  })
}

/** Reads a statement in JSON; its signature is not looked at. Throws `malformed`. */
export function statementFromJson<K extends StatementKind>(
  kind: K,
  value: unknown,
): SignedStatement<Extract<Statement, { kind: K }>> {
  const fields = new FieldReader(value, kind, 'malformed')
  const hexOf = (name: keyof StatementJson): Uint8Array => {
    const text = fields.text(name)
    return /^([0-9a-f]{2})*$/.test(text) ? bytesOfHex(text) : fields.fail(name, 'lower-case hex')
  }
  const statement = decodeStatement(kind, hexOf('content'), hexOf('signature'))
  fields.end()
  return statement
}

function checkSigned(
  signed: SignedStatement,
  network: Digest,
  payload: Digest,
  signer: { readonly name: string; readonly publicKey: Uint8Array },
): void {
  const { kind } = signed.statement
  if (signed.statement.network !== network) throw new MupibError('wrong_network', `a ${kind} of another network`)
  if (!verifyStatement(signed, signer.publicKey))
    throw new MupibError('bad_signature', `a ${kind} that ${signer.name} did not sign`, { field: kind })
  if (signed.statement.payload !== payload)
    throw new MupibError('bad_signature', `${signer.name} signed a ${kind} about another payment`, { field: kind })
}

/** Reads an auditor's ruling about a payment. Throws `malformed`, `wrong_network`, `bad_signature`. */
export function readRuling(
  value: unknown,
  { genesis, network }: Pick<PartyHome, 'genesis' | 'network'>,
  auditor: string,
  payload: Digest,
): SignedStatement<Ruling> {
  const { publicKey } = memberNamed(genesis, 'auditor', auditor).certificate
  const ruling = statementFromJson('ruling', value)
  checkSigned(ruling, network, payload, { name: auditor, publicKey })
  return ruling
}

/** Reads a vendor's receipt for an item. Throws `malformed`, `wrong_network`, `bad_signature`. */
export function readReceipt(
  value: unknown,
  network: Digest,
  vendor: Pick<Certificate, 'name'> & { readonly publicKey: Uint8Array },
  payload: Digest,
  item: string,
): SignedStatement<Receipt> {
  const receipt = statementFromJson('receipt', value)
  checkSigned(receipt, network, payload, vendor)
  if (receipt.statement.item !== item)
    throw new MupibError('bad_signature', `${vendor.name} signed a receipt for another item`, { field: 'receipt' })
  return receipt
}
