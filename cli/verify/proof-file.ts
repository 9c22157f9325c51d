// `mupib-proof/1`: what the ledger decided about a record, a payment or a token.
import { toHex } from '../../proto/bytes.ts'
import { MupibError } from '../../proto/errors.ts'
import type { Genesis } from '../../proto/genesis.ts'
import type { Digest } from '../../proto/hash.ts'
import { type Proved, parseProof, verifyProof } from '../../proto/proof.ts'
import type { SessionStanding, TokenVerdict } from '../../proto/verdict.ts'
import { isoTime } from '../common/output.ts'
import { serialText } from '../common/serial.ts'
import { readForm, type Verified, type VerifiedFile } from './format.ts'

const verdictWords = { '11': 'valid', '01': 'altered', '10': 'a duplicate', '00': 'never published' } as const

interface VerifiedProof extends VerifiedFile {
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

const closers = {
  none: 'nobody',
  joint: 'by the word of both',
  vendor: 'as the vendor proved',
  client: 'by the word of the client, which the vendor did not contest',
  expiry: 'since nobody claimed anything in time',
} as const

function sessionStatement({
  session,
  state,
  index,
  by,
  paid,
  returned,
  windowEnd,
  contestedAt,
}: SessionStanding): string {
  const until = Number.isSafeInteger(windowEnd) ? isoTime(windowEnd) : ''
  if (state === 'open') return `session ${session} is open; its vendor may claim until ${until}`
  if (state === 'closing')
    return `session ${session} is closing: its client says after ${index} payments, and its vendor may prove more until ${until}`
  const lie = contestedAt === undefined ? '' : `; the client had closed it at ${contestedAt}`
  return `session ${session} is settled after ${index} payments, ${closers[by]}: ${paid} go to the vendor, ${returned} back to the client${lie}`
}

function statementOf(genesis: Genesis, { record, transaction, token }: Proved): string {
  if (token) return tokenStatement(genesis, token)
  if (transaction) {
    const valid = transaction.tokens.filter(({ verdict }) => verdict === '11').length
    return `payment ${transaction.payload}: ${valid} of ${transaction.tokens.length} tokens are valid`
  }
  if (record.refusal !== undefined) return `the ledger refused this ${record.kind}: ${record.refusal}`
  return record.session ? sessionStatement(record.session) : `the ledger decided this ${record.kind}`
}

/** Checks a proof file. */
export function verifyProofFile(text: string, file: string, genesis: Genesis): Verified<VerifiedProof> {
  const proved = verifyProof(readForm(parseProof, text, file), genesis)
  const { network, height, time, block, validators, record, transaction, token } = proved
  const { record: digest, user, ...rest } = record
  if (!Number.isSafeInteger(time)) throw new MupibError('bad_proof', 'a block without a time')
  const result: VerifiedProof = {
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
  const lines = [
    ['proved', result.statement],
    ['network', network],
    ['record', `${digest} (${record.kind} ${record.number})`],
    ['block', `${height}, ${result.time}`],
    ['certified by', validators.join(', ')],
  ] as const
  return { result, lines }
}
