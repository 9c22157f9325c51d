// Planted bugs of the ledger: wrappers around its real rules and around what they read.
import { executeBlock } from '../../../node/ledger/execute.ts'
import { OpenPublication, placeBytes } from '../../../node/ledger/publications.ts'
import {
  certificateRow,
  getRow,
  ledgerRow,
  publicationRow,
  segmentKey,
  segmentTokens,
  statePrefixes,
} from '../../../node/ledger/rows.ts'
import type { StateDraft } from '../../../node/ledger/state.ts'
import type { SignedRecord } from '../../../proto/records.ts'
import { decodeTransactionVerdict, type TokenVerdict } from '../../../proto/verdict.ts'
import type { ExecutionCase, LedgerSwitches } from './ledger-application.ts'

type Execute = NonNullable<LedgerSwitches['execute']>

const run = ({ draft, header, parentTime, records }: ExecutionCase): ReturnType<Execute> =>
  executeBlock(draft, header, parentTime, records)

const nameOf = (key: Uint8Array): string => Buffer.from(key).toString('latin1')

/** A draft that reads some rows otherwise. */
const reading = (
  draft: StateDraft,
  read: (key: Uint8Array, value: Uint8Array | undefined) => Uint8Array | undefined,
): StateDraft => ({
  get: key => read(key, draft.get(key)),
  put: (key, value) => draft.put(key, value),
  root: () => draft.root(),
})

/** Looks up uses in the last final state, whatever the blocks between say. */
export const forgetsPendingBlock: Execute = of => {
  const written = new Set<string>()
  const draft = reading(of.draft, (key, value) =>
    key[0] === statePrefixes.uses && !written.has(nameOf(key)) ? (of.final.get(key) ?? value) : value,
  )
  const put = (key: Uint8Array, value: Uint8Array): void => {
    written.add(nameOf(key))
    of.draft.put(key, value)
  }
  return run({ ...of, draft: { ...draft, put } })
}

/** Marks the serial of an altered token as used. */
export const burnsAltered: Execute = of => {
  const executed = run(of)
  if ('invalid' in executed) return executed
  for (const { transactions } of executed.answers)
    for (const { tokens, index } of transactions.map(decodeTransactionVerdict))
      for (const token of tokens) if (token.verdict === '01') burn(of.draft, token, index)
  return { ...executed, stateRoot: of.draft.root() }
}

function burn(draft: StateDraft, { bank, publication, index }: TokenVerdict, transaction: number): void {
  const row = getRow(draft, publicationRow, bank, publication)
  if (!row) return
  const segment = new OpenPublication(bank, publication, row, draft).segmentOf(index)
  const slot = index % segmentTokens
  if (segment.isUsed(slot)) return
  segment.setUse(slot, placeBytes({ decision: getRow(draft, ledgerRow)!.decisions, transaction }))
  draft.put(segmentKey('uses', bank, publication, Math.floor(index / segmentTokens)), segment.changed!)
}

/** Knows no dead certificate. */
export const takesRevoked: Execute = of => {
  const draft = reading(of.draft, (key, value) => {
    if (key[0] !== statePrefixes.certificate || value === undefined) return value
    return certificateRow.encode({ ...certificateRow.decode(value), deadFrom: 0 })
  })
  return run({ ...of, draft })
}

/** Judges every block as if it were the first. */
export const ignoresExpiry: Execute = of => {
  let earliest = of.header.time
  for (const { record } of of.records) if (record.kind === 'publication') earliest = Math.min(earliest, record.issuedAt)
  const long = 3_600_000
  return run({ ...of, header: { ...of.header, time: earliest - long }, parentTime: 0 })
}

/** Every other node runs the last two token blocks of a ledger block the other way round. */
export const reordersByNode: Execute = of => {
  const [last, before] = [...of.records].reverse()
  const isFree = last && before && isTokenBlock(last) && isTokenBlock(before) && !sameStream(last, before)
  if (of.node % 2 === 0 || !isFree) return run(of)
  return run({ ...of, records: [...of.records.slice(0, -2), last, before] })
}

const isTokenBlock = ({ record }: SignedRecord): boolean => record.kind === 'tokenBlock'

const sameStream = ({ record: a }: SignedRecord, { record: b }: SignedRecord): boolean =>
  a.signer === b.signer && a.kind === 'tokenBlock' && b.kind === 'tokenBlock' && Buffer.compare(a.user, b.user) === 0
