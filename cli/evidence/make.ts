// `evidence make`: what users and vendors find themselves, from files that they have. Nothing is written that does not hold.
import { readGenesis } from '../../node/config.ts'
import { fromHex } from '../../proto/bytes.ts'
import { parseCertificate } from '../../proto/certificates.ts'
import { MupibError } from '../../proto/errors.ts'
import { type Genesis, genesisHash } from '../../proto/genesis.ts'
import type { Digest } from '../../proto/hash.ts'
import { createProof, parseProof, type VerdictProof } from '../../proto/proof.ts'
import { decodeMisconduct, type MisconductKind } from '../../proto/session/misconduct.ts'
import { decodeTerms } from '../../proto/session/terms.ts'
import type { SignedStatement, Statement, StatementKind } from '../../proto/statements.ts'
import { decodeTransactionVerdict } from '../../proto/verdict.ts'
import { decodeRecordAnswer } from '../../proto/wire/codec.ts'
import { readOwnCertificate } from '../common/actor-home.ts'
import { readJson, writeAtomic } from '../common/files.ts'
import { toJson } from '../common/output.ts'
import type { Claim, Guilt } from './claims.ts'
import { createFinding, verifyEvidence } from './guilt.ts'
import { parseEvidence } from './guilt-file.ts'
import { paymentIn, statementsIn, vendorCertificateIn } from './material.ts'

/** Files by the options that name them. */
export interface Inputs {
  readonly proof?: string
  readonly payment?: string
  readonly ruling?: string
  readonly otherRuling?: string
  readonly presentation?: string
  readonly other?: string
  readonly misconduct?: string
  readonly certificate?: readonly string[]
}

type InputName = Exclude<keyof Inputs, 'certificate'>

/** Which inputs each kind is made of; of several sets the first that is there. */
const layouts = {
  double_selling: [['presentation', 'other']],
  broken_ruling: [
    ['ruling', 'proof'],
    ['ruling', 'otherRuling'],
  ],
  unshown_payload: [['proof']],
  shown_payload: [['payment']],
  conflicting_payments: [['misconduct']],
  bad_lock: [['misconduct']],
  contested_close: [['misconduct']],
} as const satisfies Readonly<Record<string, readonly (readonly InputName[])[]>>

type MadeKind = keyof typeof layouts

/** What was made and written. */
export interface MadeEvidence {
  readonly id: Digest
  readonly kind: Guilt['kind']
  readonly guilty: string
  readonly proved: string
  readonly file: string
}

const optionOf = (name: InputName): string => `--${name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`

/** The kind, where exactly the files that it is made of are given. */
function checkInputs(kind: string, inputs: Inputs): MadeKind {
  if (!Object.hasOwn(layouts, kind))
    throw new MupibError('bad_input', `"${kind}" is no kind that is made of files`, {
      hint: `one of ${Object.keys(layouts).join(', ')}`,
    })
  const made = kind as MadeKind
  const given = Object.keys(inputs).filter(name => name !== 'certificate' && inputs[name as InputName] !== undefined)
  const isMet = layouts[made].some(
    (names: readonly string[]) => names.length === given.length && names.every(name => given.includes(name)),
  )
  if (isMet) return made
  const wanted = layouts[made].map((names: readonly InputName[]) => names.map(optionOf).join(' with '))
  throw new MupibError('bad_input', `${kind} is made of ${wanted.join(', or of ')}`, { field: 'kind' })
}

/** What cannot be read says which file it was. */
function reading<T>(file: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (
      !(cause instanceof MupibError) ||
      !['bad_proof', 'bad_input', 'malformed', 'bad_certificate'].includes(cause.code)
    )
      throw cause
    throw new MupibError('bad_input', `${file} cannot be read: ${cause.message}`, { ...cause.fields, cause })
  }
}

const readFile = (file: string): unknown => readJson(file, 'bad_input')

const readProofFile = (file: string): VerdictProof => {
  const given = readFile(file)
  return reading(file, () => parseProof(JSON.stringify(given)))
}

/** The one statement of a file; of several the one about the given payment. */
function readStatement<K extends StatementKind>(
  kind: K,
  file: string,
  payload?: Digest,
): SignedStatement<Extract<Statement, { kind: K }>> {
  const given = readFile(file)
  const all = reading(file, () => statementsIn(kind, given))
  const about = all.length === 1 ? all : all.filter(({ statement }) => statement.payload === payload)
  if (about.length === 1) return about[0]!
  const found = all.length === 0 ? `no ${kind}` : `${all.length} of the kind "${kind}", and not one about the payment`
  throw new MupibError('bad_input', `${file} holds ${found}`, {
    hint: `give one ${kind} as {"content", "signature"}, or what holds it`,
  })
}

/** DER of certificates that lie beside what was read. */
const vendorCertificatesIn = (files: readonly string[]): Uint8Array[] =>
  files.flatMap(file => {
    const given = readFile(file)
    const der = reading(file, () => vendorCertificateIn(given))
    return der ? [der] : []
  })

/** What a client did in a session, as it is brought to a bank: terms, and two payments or the ledger's answer. */
function misconductIn(kind: MisconductKind | 'contested_close', file: string, network: Digest): Claim {
  const { terms: given, material } = (readFile(file) ?? {}) as Record<string, unknown>
  return reading(file, () => {
    const terms = decodeTerms(fromHex(String(given)))
    const bytes = fromHex(String(material))
    if (kind === 'contested_close') return { kind, terms, proof: createProof(decodeRecordAnswer(bytes), network) }
    const misconduct = decodeMisconduct(bytes)
    if (misconduct.kind !== kind) throw new MupibError('bad_input', `it holds ${misconduct.kind}`)
    return { terms, ...misconduct } as Claim
  })
}

function claimOf(kind: MadeKind, inputs: Inputs, network: Digest): Claim {
  switch (kind) {
    case 'double_selling': {
      const first = readStatement('presentation', inputs.presentation!)
      const second = readStatement('presentation', inputs.other!, first.statement.payload)
      return { kind, presentations: [first, second] }
    }
    case 'unshown_payload':
      return { kind, proof: readProofFile(inputs.proof!) }
    case 'shown_payload': {
      const [file, given] = [inputs.payment!, readFile(inputs.payment!)]
      return { kind, payment: reading(file, () => paymentIn(given, network, file)) }
    }
    case 'broken_ruling': {
      if (inputs.otherRuling !== undefined) {
        const second = readStatement('ruling', inputs.otherRuling)
        return { kind, rulings: [readStatement('ruling', inputs.ruling!, second.statement.payload), second] }
      }
      const proof = readProofFile(inputs.proof!)
      const { transaction } = proof
      const payload = transaction && reading(inputs.proof!, () => decodeTransactionVerdict(transaction.leaf).payload)
      return { kind, ruling: readStatement('ruling', inputs.ruling!, payload), proof }
    }
    case 'conflicting_payments':
    case 'bad_lock':
    case 'contested_close':
      return misconductIn(kind, inputs.misconduct!, network)
  }
}

/**
 * Makes evidence of files and writes it where it holds. Throws `bad_input` where the files are not what the kind is made of, `bad_proof` where
 * they do not prove it.
 */
export function makeEvidence(kind: string, inputs: Inputs, genesisFile: string, out: string): MadeEvidence {
  const made = checkInputs(kind, inputs)
  const genesis: Genesis = readGenesis(genesisFile)
  const claim = claimOf(made, inputs, genesisHash(genesis))
  const beside = made === 'double_selling' ? vendorCertificatesIn([inputs.presentation!, inputs.other!]) : []
  const certificates = [
    ...(inputs.certificate ?? []).map(readOwnCertificate),
    ...beside.map(der => parseCertificate(der)),
  ]
  const { id, json } = createFinding(claim, certificates, genesis)
  // as everybody will read it
  const { guilty, statement } = verifyEvidence(parseEvidence(json), genesis)
  writeAtomic(out, `${toJson(JSON.parse(json), 2)}\n`)
  return { id, kind: made, guilty: guilty ? `${guilty.role} ${guilty.name}` : 'nobody', proved: statement, file: out }
}
