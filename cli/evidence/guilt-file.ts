// Evidence as a file: one JSON format for all kinds, read strictly. Bytes are lower-case hex, certificates base64 of their DER.

import type { LooseToken } from '../../node/ledger/form.ts'
import { toHex } from '../../proto/bytes.ts'
import { type Digest, sha256Hex } from '../../proto/hash.ts'
import { type JsonField, parseStrictJson } from '../../proto/json.ts'
import { signatureBytes } from '../../proto/keys.ts'
import { limits } from '../../proto/limits.ts'
import { parseProof, proofToJson, type VerdictProof } from '../../proto/proof.ts'
import { decodePayment, encodePayment, type Payment } from '../../proto/session/payment.ts'
import { decodeTerms, encodeTerms, type SessionTerms } from '../../proto/session/terms.ts'
import {
  decodeStatement,
  type SignedStatement,
  type Statement,
  type StatementKind,
  statementToJson,
} from '../../proto/statements.ts'
import { certificateBytes } from '../common/identity.ts'
import {
  groupFromJson,
  groupToJson,
  type HolderPayment,
  presentedFromJson,
  presentedToJson,
  returnFromJson,
  returnToJson,
} from '../common/payment.ts'
import { type Claim, type ClaimKind, claimKinds, type Evidence } from './claims.ts'
import { proving } from './court.ts'

export const evidenceFormat = 'mupib-evidence/1'

/** Characters of an evidence file: two payments of a whole block and a proof, or two proposals. */
export const evidenceChars = 3 * limits.proofBytes

const certificatesMax = 8
const statementBytesMax = 512

// --- writing ----------------------------------------------------------------------------------------------------------------------------

const proofObject = (proof: VerdictProof): unknown => JSON.parse(proofToJson(proof))
const paymentObject = ({ information, ...payment }: HolderPayment): object => ({
  ...returnToJson(payment),
  information,
})
const tokenObject = ({ group, index, signature }: LooseToken): object => ({
  group: groupToJson(group),
  index,
  signature: toHex(signature),
})

function claimObject(claim: Claim): object {
  switch (claim.kind) {
    case 'double_selling':
      return { presentations: claim.presentations.map(statementToJson) }
    case 'stolen_payload':
      return { presentation: statementToJson(claim.presentation), payment: presentedToJson(claim.payment) }
    case 'double_spending':
      return {
        first: paymentObject(claim.first),
        second: paymentObject(claim.second),
        proof: proofObject(claim.proof),
      }
    case 'forgery':
      return 'proof' in claim
        ? { proof: proofObject(claim.proof) }
        : { presentation: statementToJson(claim.presentation), payment: paymentObject(claim.payment) }
    case 'bank_unpublished':
      return { payment: paymentObject(claim.payment), proof: proofObject(claim.proof) }
    case 'bank_two_tokens':
      return { first: tokenObject(claim.first), second: tokenObject(claim.second) }
    case 'expired_in_queue':
      return {
        ruling: statementToJson(claim.ruling),
        payment: paymentObject(claim.payment),
        proof: proofObject(claim.proof),
      }
    case 'unshown_payload':
      return { proof: proofObject(claim.proof) }
    case 'shown_payload':
      return { payment: paymentObject(claim.payment) }
    case 'broken_ruling':
      return 'rulings' in claim
        ? { rulings: claim.rulings.map(statementToJson) }
        : { ruling: statementToJson(claim.ruling), proof: proofObject(claim.proof) }
    case 'two_votes':
    case 'two_proposals':
      return { first: toHex(claim.first), second: toHex(claim.second) }
    case 'number_reuse': {
      const { signer, record, number, first, second } = claim
      return { signer, record, number, first, second }
    }
    case 'conflicting_payments':
    case 'bad_lock': {
      const [first, second] = [claim.first, claim.second].map(payment => toHex(encodePayment(payment)))
      return { terms: toHex(encodeTerms(claim.terms)), first, second }
    }
    case 'contested_close':
      return { terms: toHex(encodeTerms(claim.terms)), proof: proofObject(claim.proof) }
  }
}

/** The canonical text: fields in a fixed order, no white space. */
export function evidenceToJson({ network, certificates, claim }: Evidence): string {
  return JSON.stringify({
    format: evidenceFormat,
    network,
    kind: claim.kind,
    certificates: certificates.map(der => Buffer.from(der).toString('base64')),
    ...claimObject(claim),
  })
}

/** What names a piece of evidence: SHA-256 of its canonical text. */
export const evidenceId = (evidence: Evidence): Digest => sha256Hex(Buffer.from(evidenceToJson(evidence), 'utf8'))

// --- reading ----------------------------------------------------------------------------------------------------------------------------

function readStatement<K extends StatementKind>(
  kind: K,
  field: JsonField,
): SignedStatement<Extract<Statement, { kind: K }>> {
  const { content, signature } = field.object(['content', 'signature'])
  return proving(field.path, () =>
    decodeStatement(kind, content.hex(statementBytesMax), signature.hex(signatureBytes, true)),
  )
}

function readTwo<T>(field: JsonField, read: (entry: JsonField) => T): readonly [T, T] {
  const [first, second] = field.list(2, 2)
  return [read(first!), read(second!)]
}

function readPayment(field: JsonField): HolderPayment {
  const { information, groups, payment } = field.object(['information', 'groups', 'payment'])
  const given = { groups: groups.value, payment: payment.value }
  return { ...proving(field.path, () => returnFromJson(given, field.path)), information: information.digest() }
}

function readToken(field: JsonField): LooseToken {
  const { group, index, signature } = field.object(['group', 'index', 'signature'])
  return {
    group: groupFromJson(group.value, group.path, 'bad_proof'),
    index: index.integer(0, 0xffff_ffff),
    signature: signature.hex(signatureBytes, true),
  }
}

const readProof = (field: JsonField): VerdictProof => parseProof(JSON.stringify(field.value))
const readPresentation = (field: JsonField) => readStatement('presentation', field)
const readRuling = (field: JsonField) => readStatement('ruling', field)

const readTerms = (field: JsonField): SessionTerms =>
  proving(field.path, () => decodeTerms(field.hex(limits.sessionTermsBytes)))
const readSigned = (field: JsonField): Payment =>
  proving(field.path, () => decodePayment(field.hex(limits.paymentBytes)))

type Fields = Readonly<Record<string, JsonField>>

/** What stands in the file beside format, network, kind and certificates; of two sets the one whose first field is there. */
const layouts: Readonly<Record<ClaimKind, readonly (readonly string[])[]>> = {
  double_selling: [['presentations']],
  stolen_payload: [['presentation', 'payment']],
  double_spending: [['first', 'second', 'proof']],
  forgery: [['presentation', 'payment'], ['proof']],
  bank_unpublished: [['payment', 'proof']],
  bank_two_tokens: [['first', 'second']],
  expired_in_queue: [['ruling', 'payment', 'proof']],
  unshown_payload: [['proof']],
  shown_payload: [['payment']],
  broken_ruling: [['rulings'], ['ruling', 'proof']],
  two_votes: [['first', 'second']],
  two_proposals: [['first', 'second']],
  number_reuse: [['signer', 'record', 'number', 'first', 'second']],
  conflicting_payments: [['terms', 'first', 'second']],
  bad_lock: [['terms', 'first', 'second']],
  contested_close: [['terms', 'proof']],
}

function readClaim(kind: ClaimKind, fields: Fields, network: Digest): Claim {
  const at = (name: string): JsonField => fields[name]!
  switch (kind) {
    case 'double_selling':
      return { kind, presentations: readTwo(at('presentations'), readPresentation) }
    case 'stolen_payload': {
      const payment = at('payment')
      const read = () => presentedFromJson(payment.value, network, payment.path, 'bad_proof')
      return { kind, presentation: readPresentation(at('presentation')), payment: proving('payment', read) }
    }
    case 'double_spending':
      return { kind, first: readPayment(at('first')), second: readPayment(at('second')), proof: readProof(at('proof')) }
    case 'forgery':
      if (fields.proof) return { kind, proof: readProof(fields.proof) }
      return { kind, presentation: readPresentation(at('presentation')), payment: readPayment(at('payment')) }
    case 'bank_unpublished':
      return { kind, payment: readPayment(at('payment')), proof: readProof(at('proof')) }
    case 'bank_two_tokens':
      return { kind, first: readToken(at('first')), second: readToken(at('second')) }
    case 'expired_in_queue': {
      const [ruling, payment] = [readRuling(at('ruling')), readPayment(at('payment'))]
      return { kind, ruling, payment, proof: readProof(at('proof')) }
    }
    case 'unshown_payload':
      return { kind, proof: readProof(at('proof')) }
    case 'shown_payload':
      return { kind, payment: readPayment(at('payment')) }
    case 'broken_ruling':
      if (fields.rulings) return { kind, rulings: readTwo(fields.rulings, readRuling) }
      return { kind, ruling: readRuling(at('ruling')), proof: readProof(at('proof')) }
    case 'two_votes':
    case 'two_proposals':
      return { kind, first: at('first').hex(limits.frameBytes), second: at('second').hex(limits.frameBytes) }
    case 'number_reuse':
      return {
        kind,
        signer: at('signer').digest(),
        record: at('record').text(limits.nameBytes),
        number: at('number').integer(1, Number.MAX_SAFE_INTEGER),
        first: at('first').digest(),
        second: at('second').digest(),
      }
    case 'conflicting_payments':
    case 'bad_lock':
      return { kind, terms: readTerms(at('terms')), first: readSigned(at('first')), second: readSigned(at('second')) }
    case 'contested_close':
      return { kind, terms: readTerms(at('terms')), proof: readProof(at('proof')) }
  }
}

/** Reads an evidence file; its form only, `verifyEvidence` says whether it holds. Throws `bad_proof` naming the field. */
export function parseEvidence(json: string): Evidence {
  const root = parseStrictJson(json, evidenceChars, 'bad_proof')
  const given = (root.value ?? {}) as Record<string, unknown>
  const kind = claimKinds.find(known => known === given.kind)
  if (kind === undefined) return root.refuse(`evidence of a kind that is known: ${claimKinds.join(', ')}`)
  const layout = layouts[kind].find(([first]) => given[first!] !== undefined) ?? layouts[kind][0]!
  const file = root.object(['format', 'network', 'kind', 'certificates', ...layout])
  file.format!.oneOf([evidenceFormat])
  const network = file.network!.digest()
  const certificates = file.certificates!.list(0, certificatesMax).map(field => {
    const text = field.text(2 * limits.certificateBytes)
    return proving(field.path, () => certificateBytes(text))
  })
  return { network, certificates, claim: readClaim(kind, file, network) }
}
