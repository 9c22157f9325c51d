// `mupib-trust/1`: how an auditor came to a user's block size W, recomputed from certified verdicts alone. Every token block of the user stands in
// it, of whichever auditor, with the proof of what the ledger said of γ before and after; the auditor's first block shows its terms.
import { bytesEqual, bytesOfHex } from '../../proto/bytes.ts'
import { MupibError } from '../../proto/errors.ts'
import { type Genesis, genesisHash } from '../../proto/genesis.ts'
import { type JsonField, parseStrictJson } from '../../proto/json.ts'
import { limits } from '../../proto/limits.ts'
import { parseProof, type VerdictProof, verifyProof } from '../../proto/proof.ts'
import {
  decodeRecord,
  type LedgerRecord,
  type Rounding,
  roundings,
  type SignedRecord,
  type TokenBlock,
  type TrustModel,
  type TrustTerms,
  trustModels,
} from '../../proto/records.ts'
import { explain } from '../auditor/trust.ts'
import { readForm, type Verified, type VerifiedFile } from './format.ts'

export const trustFormat = 'mupib-trust/1'

/** Blocks in one file, and its characters. */
const stepsMax = 100_000
export const trustFileChars = 256 * 1024 * 1024

interface TrustFile {
  readonly network: string
  readonly user: string
  readonly terms: TrustTerms
  readonly firstRecord: Uint8Array
  readonly steps: readonly VerdictProof[]
}

export interface VerifiedTrust extends VerifiedFile {
  readonly user: string
  /** Name of the auditor whose terms these are; the start of its fingerprint where genesis does not name it. */
  readonly auditor: string
  readonly terms: TrustTerms
  readonly gamma: number
  readonly trust: string
  readonly blockSize: number
  readonly history: ReturnType<typeof explain>
}

function parseTerms(field: JsonField): TrustTerms {
  const { w0, model, rounding } = field.object(['w0', 'model', 'rounding'])
  return {
    w0: w0.integer(1, limits.blockTokens),
    model: model.oneOf(Object.keys(trustModels) as TrustModel[]),
    rounding: rounding.oneOf(Object.keys(roundings) as Rounding[]),
  }
}

function parseTrust(text: string): TrustFile {
  const file = parseStrictJson(text, trustFileChars, 'bad_proof').object([
    'format',
    'network',
    'user',
    'terms',
    'firstRecord',
    'steps',
  ])
  file.format.oneOf([trustFormat])
  return {
    network: file.network.digest(),
    user: file.user.digest(),
    terms: parseTerms(file.terms),
    firstRecord: file.firstRecord.hex(limits.recordBytes),
    steps: file.steps.list(1, stepsMax).map(step => parseProof(JSON.stringify(step.value))),
  }
}

const fail = (why: string): never => {
  throw new MupibError('bad_proof', why)
}

/** The tokens charged in each of the user's blocks, from the first on without a gap; and the digests of the blocks. */
function chargesOf({ steps, user }: TrustFile, genesis: Genesis): { charges: number[]; records: Set<string> } {
  const records = new Set<string>()
  let gamma = 0
  const charges = steps.map((proof, at) => {
    const { record } = verifyProof(proof, genesis)
    const standing = record.refusal === undefined ? record.user : undefined
    if (!standing || !bytesEqual(standing.key, bytesOfHex(user)))
      return fail(`step ${at + 1} decides no block of the user`)
    if (standing.sequence !== at + 1 || standing.gammaBefore !== gamma)
      return fail(`step ${at + 1} is not the user's block ${at + 1}: one is missing, or out of order`)
    records.add(record.record)
    gamma = standing.gammaAfter
    return standing.gammaAfter - standing.gammaBefore
  })
  return { charges, records }
}

const isBlock = (signed: SignedRecord<LedgerRecord>): signed is SignedRecord<TokenBlock> =>
  signed.record.kind === 'tokenBlock'

/** The record in which the auditor fixed its terms: one of the blocks, and its first for the user. */
function firstBlock({ firstRecord, terms, user }: TrustFile, records: ReadonlySet<string>): TokenBlock {
  const signed = decodeRecord(firstRecord)
  if (!isBlock(signed) || !records.has(signed.digest)) return fail('the first record is none of the decided blocks')
  const { record } = signed
  if (!bytesEqual(record.user, bytesOfHex(user))) return fail('the first record is of another user')
  const fixed = record.terms
  if (!fixed || fixed.w0 !== terms.w0 || fixed.model !== terms.model || fixed.rounding !== terms.rounding)
    return fail('the auditor fixed other terms for the user')
  return record
}

/** Checks a trust history. */
export function verifyTrustFile(text: string, file: string, genesis: Genesis): Verified<VerifiedTrust> {
  const trusted = readForm(parseTrust, text, file)
  if (trusted.network !== genesisHash(genesis))
    return fail('the file is of another network, or this is another genesis')
  const { charges, records } = chargesOf(trusted, genesis)
  const { signer } = firstBlock(trusted, records)
  const auditor =
    genesis.members.find(({ certificate }) => certificate.fingerprint === signer)?.name ?? signer.slice(0, 16)
  const history = explain(trusted.terms, charges)
  const { gamma, trust, blockSize } = history.at(-1)!
  const { user, terms } = trusted
  const statement = `after ${history.length} blocks γ of user ${user} is ${gamma}, and W of ${auditor} is ${blockSize}`
  const lines = [
    ['proved', statement],
    ['network', genesis.name],
    ['terms', `W0 ${terms.w0}, ${terms.model}, rounding ${terms.rounding}`],
    ['trust', trust],
  ] as const
  const result = {
    holds: true,
    network: genesis.name,
    statement,
    user,
    auditor,
    terms,
    gamma,
    trust,
    blockSize,
    history,
  } as const
  return { result, lines }
}
