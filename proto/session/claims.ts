// How a session ends: who says so, at which payment, and what proves it. A claim is valid by the signatures inside it, whoever carries it.
import { bytesOfHex, Reader, Writer } from '../bytes.ts'
import { MupibError } from '../errors.ts'
import type { Digest } from '../hash.ts'
import { type SignatureCheck, type SigningKey, sign, signatureBytes, verify } from '../keys.ts'
import { limits } from '../limits.ts'
import { paywordBytes } from './payword.ts'
import type { SessionTerms } from './terms.ts'

/** Forms of a claim; the numbers are signed. */
export const claimForms = { joint: 1, vendor: 2, client: 3, settle: 4 } as const
export type ClaimForm = keyof typeof claimForms
/** Forms that a party signs. */
export type SignedForm = Exclude<ClaimForm, 'settle'>

/** `index` payments were made: 0 for none. */
export type SessionClaim =
  /** Both agree. */
  | { readonly form: 'joint'; readonly index: number; readonly client: Uint8Array; readonly vendor: Uint8Array }
  /** The vendor proves it with w_index. */
  | { readonly form: 'vendor'; readonly index: number; readonly value: Uint8Array; readonly vendor: Uint8Array }
  /** The client says so, and the vendor may prove more. */
  | { readonly form: 'client'; readonly index: number; readonly client: Uint8Array }
  /** Whoever carries it asks for what the time that has passed decides. */
  | { readonly form: 'settle' }

function closeMessage(session: Digest, form: SignedForm, index: number): Uint8Array {
  return new Writer(37).fixed(bytesOfHex(session), 32).u8(claimForms[form]).u32(index).finish()
}

/** Signs the end of a session at a payment, in one of the forms of a claim. */
export function signClose(session: Digest, form: SignedForm, index: number, key: SigningKey): Uint8Array {
  return sign('sessionClose', closeMessage(session, form, index), key)
}

/** True where a party's signature on the end of a session holds. */
export function verifyClose(
  session: Digest,
  form: SignedForm,
  index: number,
  publicKey: Uint8Array,
  signature: Uint8Array,
  check: SignatureCheck = verify,
): boolean {
  return check('sessionClose', closeMessage(session, form, index), publicKey, signature)
}

/** True where every signature of a claim holds; what it says of payments is the ledger's to judge. */
export function verifyClaim(
  session: Digest,
  terms: Pick<SessionTerms, 'client' | 'vendor'>,
  claim: SessionClaim,
): boolean {
  if (claim.form === 'settle') return true
  const { form, index } = claim
  if ('client' in claim && !verifyClose(session, form, index, terms.client, claim.client)) return false
  return !('vendor' in claim) || verifyClose(session, form, index, terms.vendor, claim.vendor)
}

/** Writes a claim among other fields. */
export function writeClaim(writer: Writer, claim: SessionClaim): Writer {
  writer.u8(claimForms[claim.form])
  if (claim.form === 'settle') return writer
  writer.u32(claim.index)
  if (claim.form === 'vendor') writer.fixed(claim.value, paywordBytes)
  if ('client' in claim) writer.fixed(claim.client, signatureBytes)
  return 'vendor' in claim ? writer.fixed(claim.vendor, signatureBytes) : writer
}

/** Reads a claim among other fields; form and limits only. */
export function readClaim(reader: Reader): SessionClaim {
  const tag = reader.u8()
  if (tag === claimForms.settle) return { form: 'settle' }
  if (tag < 1 || tag > claimForms.settle) throw new MupibError('malformed', `no form of claim has the number ${tag}`)
  const index = reader.count(limits.sessionPayments)
  if (tag === claimForms.joint)
    return { form: 'joint', index, client: reader.fixed(signatureBytes), vendor: reader.fixed(signatureBytes) }
  if (tag === claimForms.client) return { form: 'client', index, client: reader.fixed(signatureBytes) }
  return { form: 'vendor', index, value: reader.fixed(paywordBytes), vendor: reader.fixed(signatureBytes) }
}

/** A claim that stands alone, as parties hand it on. */
export const encodeClaim = (claim: SessionClaim): Uint8Array => writeClaim(new Writer(192), claim).finish()

/** Reads it. Throws `malformed`, `too_large`, `trailing_bytes`. */
export function decodeClaim(bytes: Uint8Array): SessionClaim {
  const reader = new Reader(bytes)
  const claim = readClaim(reader)
  reader.end()
  return claim
}
