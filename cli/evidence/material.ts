// Payments and statements in what services answer and commands print: a sale, a kept payment, the entries of a wallet, or the statement itself.
import type { Digest } from '../../proto/hash.ts'
import type { SignedStatement, Statement, StatementKind } from '../../proto/statements.ts'
import { certificateBytes } from '../common/identity.ts'
import { type PresentedPayment, presentedFromJson } from '../common/payment.ts'
import { statementFromJson } from '../common/rulings.ts'

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** What was signed about a sale stands in a field of its own. */
function signedIn(value: unknown): Record<string, unknown> {
  if (!isObject(value)) return {}
  return isObject(value.evidence) ? value.evidence : value
}

/** The payment as it was presented. Throws `bad_input` with the field. */
export function paymentIn(value: unknown, network: Digest, where: string): PresentedPayment {
  const { holder, groups, payment, information } = signedIn(value)
  return presentedFromJson({ holder, groups, payment, information }, network, where)
}

/** All statements of a kind, of a list those of every entry; none of them is verified. Throws `malformed`. */
export function statementsIn<K extends StatementKind>(
  kind: K,
  value: unknown,
): SignedStatement<Extract<Statement, { kind: K }>>[] {
  if (Array.isArray(value)) return value.flatMap(entry => statementsIn(kind, entry))
  const given = signedIn(value)
  const found = 'content' in given ? given : given[kind]
  return found === undefined ? [] : [statementFromJson(kind, found)]
}

/** DER of the certificate of the vendor that presented the payment, where it stands beside it. Throws `bad_certificate`. */
export function vendorCertificateIn(value: unknown): Uint8Array | undefined {
  const { vendorCertificate } = signedIn(value)
  return typeof vendorCertificate === 'string' ? certificateBytes(vendorCertificate) : undefined
}
