// Checks a proof file and says in words what it proves. Exit 1 where it does not hold, 2 where it is no proof file at all.
import { readGenesis } from '../../node/config.ts'
import { toHex } from '../../proto/bytes.ts'
import { MupibError } from '../../proto/errors.ts'
import type { Genesis } from '../../proto/genesis.ts'
import type { Digest } from '../../proto/hash.ts'
import { limits } from '../../proto/limits.ts'
import { type Proved, parseProof, type VerdictProof, verifyProof } from '../../proto/proof.ts'
import type { TokenVerdict } from '../../proto/verdict.ts'
import { readBytes } from '../common/files.ts'
import { isoTime } from '../common/output.ts'
import { serialText } from '../common/serial.ts'

const verdictWords = { '11': 'valid', '01': 'altered', '10': 'a duplicate', '00': 'never published' } as const

export interface VerifiedFile {
  readonly holds: true
  readonly statement: string
  readonly network: string
  readonly height: number
  readonly time: string
  readonly block: Digest
  readonly validators: readonly string[]
  readonly record: Record<string, unknown> & { readonly digest: Digest; readonly kind: string; readonly number: number }
  readonly transaction?: Record<string, unknown>
  readonly token?: Record<string, unknown>
}

function tokenStatement(genesis: Genesis, token: TokenVerdict): string {
  const serial = serialText(genesis, token.bank, token.publication, token.index)
  const use = token.use === 'none' ? '' : `, ${token.use}`
  const reason = token.reason === 'valid' || token.reason === 'altered' ? '' : ` (${token.reason.replaceAll('_', ' ')})`
  const charged = token.charged ? '; the user answers for it' : ''
  return `token ${serial} is ${verdictWords[token.verdict]}, verdict ${token.verdict}${reason}${use}${charged}`
}

function statementOf(genesis: Genesis, { record, transaction, token }: Proved): string {
  if (token) return tokenStatement(genesis, token)
  if (transaction) {
    const valid = transaction.tokens.filter(({ verdict }) => verdict === '11').length
    return `payment ${transaction.payload}: ${valid} of ${transaction.tokens.length} tokens are valid`
  }
  if (record.refusal !== undefined) return `the ledger refused this ${record.kind}: ${record.refusal}`
  return `the ledger decided this ${record.kind}`
}

/** What is no proof file at all is bad input; what is one is held to what it says. */
function readProof(text: string, file: string): VerdictProof {
  try {
    return parseProof(text)
  } catch (cause) {
    if (!(cause instanceof MupibError) || cause.code !== 'bad_proof') throw cause
    throw new MupibError('bad_input', `${file} is no proof file: ${cause.message}`, { ...cause.fields, cause })
  }
}

/** Verifies a proof file against a genesis file. Throws `bad_proof`, `bad_genesis`, `bad_input`. */
export function verifyFile(file: string, genesisFile: string): VerifiedFile {
  const genesis = readGenesis(genesisFile)
  const text = Buffer.from(readBytes(file, 'bad_input', limits.proofBytes)).toString('utf8')
  const proved = verifyProof(readProof(text, file), genesis)
  const { network, height, time, block, validators, record, transaction, token } = proved
  const { record: digest, user, ...rest } = record
  if (!Number.isSafeInteger(time)) throw new MupibError('bad_proof', 'a block without a time')
  return {
    holds: true,
    statement: statementOf(genesis, proved),
    network,
    height,
    time: isoTime(time),
    block,
    validators,
    record: { digest, ...rest, ...(user ? { user: { ...user, key: toHex(user.key) } } : {}) },
    ...(transaction ? { transaction: { ...transaction, tokens: transaction.tokens.length } } : {}),
    ...(token ? { token: { serial: serialText(genesis, token.bank, token.publication, token.index), ...token } } : {}),
  }
}
