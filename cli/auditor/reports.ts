// What an auditor shows of users, blocks and money. Amounts in minor units; risk and gross loss exact, as decimals of them.
import { toHex } from '../../proto/bytes.ts'
import { decodeHeader } from '../../proto/chain.ts'
import { MupibError } from '../../proto/errors.ts'
import { proofToJson } from '../../proto/proof.ts'
import { isoTime } from '../common/output.ts'
import { serialText } from '../common/serial.ts'
import { type Auditor, transactionsOf } from './auditor.ts'
import type { KeptBlockBooks } from './money-store.ts'
import type { QueueState } from './queues.ts'
import { unitsText } from './risk.ts'
import { explain, trustOf } from './trust.ts'

export type Json = Record<string, unknown>

/** A user as somebody wrote it. Throws `bad_input`. */
export function userName(text: string): string {
  if (/^[0-9a-f]{64}$/.test(text)) return text
  throw new MupibError('bad_input', 'a user is named by a public key in lower-case hex', { field: 'user' })
}

/** `GET /trust/:user`. */
export function trustJson(auditor: Auditor, user: string): Json {
  const { gamma, blockSize, sequence, terms } = auditor.book.standing(user)
  const trust = trustOf(terms, gamma)
  return { user, gamma, trust, blockSize, ...terms, blocks: sequence, blocked: blockSize === 0 }
}

/** With every block of the history, each with the proof of the ledger's word on it. */
export async function trustHistoryJson(auditor: Auditor, user: string): Promise<Json> {
  const { terms, sequence } = auditor.book.standing(user)
  const standing = trustJson(auditor, user)
  const steps = (await auditor.book.history(user)).slice(0, sequence)
  const rows = explain(
    terms,
    steps.map(({ charged }) => charged),
  )
  const names = new Map(auditor.home.genesis.members.map(({ name, certificate }) => [certificate.fingerprint, name]))
  const history = rows.map((row, at) => {
    const { auditor: signer, record, proof } = steps[at]!
    const { height, time } = decodeHeader(proof.header)
    const about = { auditor: names.get(signer) ?? signer, record, height, time: isoTime(time) }
    return { ...row, ...about, proof: JSON.parse(proofToJson(proof)) as Json }
  })
  return { ...standing, history }
}

/** What is delivered and not verified, and what it may come to. */
function exposureOf({ queue, block, queuedTokens, blockSize, early }: QueueState, tokenValue: bigint) {
  const inFlight = block ? (block.pending ? block.payments.slice(0, -1) : block.payments) : []
  const delivered = [...inFlight, ...queue]
  const tokens = delivered.reduce((sum, { facts }) => sum + facts.tokens, 0)
  const amount = delivered.reduce((sum, { payment }) => sum + payment.worth, 0n)
  // until the next verdict the queue fills to just below W; early checking counts what is in flight, and a pending payment stops everything
  const room = Math.max(0, blockSize - 1 - (early || block?.pending ? tokens : queuedTokens))
  return { tokens, amount, worstCase: { tokens: tokens + room, amount: amount + BigInt(room) * tokenValue } }
}

const zeroSums = { paid: 0n, margin: 0n, received: 0n, covered: 0n, risk: 0n, grossLoss: 0n }
const zeroCounts = { blocks: 0, payments: 0, settled: 0, tokens: 0, invalid: 0 }

function addBooks(to: typeof zeroSums & typeof zeroCounts, books: KeptBlockBooks): typeof zeroSums & typeof zeroCounts {
  const { payments, settled, tokens, invalid, paid, margin, received, covered, risk, grossLoss } = books
  return {
    blocks: to.blocks + 1,
    payments: to.payments + payments,
    settled: to.settled + settled,
    tokens: to.tokens + tokens,
    invalid: to.invalid + invalid,
    paid: to.paid + paid,
    margin: to.margin + margin,
    received: to.received + received,
    covered: to.covered + covered,
    risk: to.risk + risk,
    grossLoss: to.grossLoss + grossLoss,
  }
}

const shown = <T extends { readonly risk: bigint; readonly grossLoss: bigint }>(of: T) => ({
  ...of,
  risk: unitsText(of.risk),
  grossLoss: unitsText(of.grossLoss),
})

const tokenValueOf = ({ home }: Auditor): bigint =>
  home.genesis.members.find(({ role, name }) => role === 'bank' && name === home.own.bank)?.tokenValue ?? 1n

/** `auditor risk`: each user's risk, summed over the decided blocks, and the exposure now. */
export async function riskJson(auditor: Auditor): Promise<Json[]> {
  const sums = new Map<string, typeof zeroSums & typeof zeroCounts>()
  for await (const { user, books } of auditor.desk.money.blockBooks())
    sums.set(user, addBooks(sums.get(user) ?? { ...zeroCounts, ...zeroSums }, books))
  return [...auditor.queues.states()].map(([user, state]) => ({
    user,
    gamma: auditor.book.standing(user).gamma,
    blockSize: state.blockSize,
    exposure: exposureOf(state, tokenValueOf(auditor)),
    ...shown(sums.get(user) ?? { ...zeroCounts, ...zeroSums }),
  }))
}

/** `auditor risk USER`: block by block, with the running sum. Throws `not_found`. */
export async function userRiskJson(auditor: Auditor, user: string): Promise<Json> {
  const state = auditor.queues.state(user)
  if (!state) throw new MupibError('not_found', `user ${user} has not paid here`)
  let total = { ...zeroCounts, ...zeroSums }
  const blocks: Json[] = []
  for await (const { number, books } of auditor.desk.money.blockBooks(user)) {
    total = addBooks(total, books)
    const redeemed = await auditor.desk.money.redeemed(user, number)
    const paidBy = redeemed.map(({ bank, amount, time }) => ({ bank, amount, time: isoTime(time) }))
    blocks.push({ number, ...shown(books), riskSum: unitsText(total.risk), redeemed: paidBy })
  }
  const { gamma } = auditor.book.standing(user)
  const exposure = exposureOf(state, tokenValueOf(auditor))
  return { user, gamma, blockSize: state.blockSize, exposure, ...shown(total), history: blocks }
}

/** `auditor books`: what was paid, withheld, received and covered; per vendor; and what is open. */
export async function booksJson(auditor: Auditor): Promise<Json> {
  const { money } = auditor.desk
  let total = { ...zeroCounts, ...zeroSums }
  for await (const { books } of money.blockBooks()) total = addBooks(total, books)
  const totals = await money.vendorTotals()
  const vendors = new Map<string, { name: string; payments: number; worth: bigint }>()
  let all = { payments: 0, worth: 0n, paid: 0n }
  for await (const { vendor, vendorName, worth, transfer } of money.settlements()) {
    const { payments, worth: before } = vendors.get(vendor) ?? { payments: 0, worth: 0n }
    vendors.set(vendor, { name: vendorName, payments: payments + 1, worth: before + worth })
    all = { payments: all.payments + 1, worth: all.worth + worth, paid: all.paid + (transfer?.statement.amount ?? 0n) }
  }
  const openTransfers = auditor.outbox.openTransfers()
  const openRedemptions = auditor.outbox.openRedemptions()
  const settledWorth = total.paid + total.margin
  return {
    withholding: auditor.home.own.withholdingBp,
    decided: { ...shown(total), balances: settledWorth === total.received + total.covered },
    undecided: {
      payments: all.payments - total.settled,
      worth: all.worth - settledWorth,
      paid: all.paid - total.paid,
    },
    vendors: [...vendors].map(([key, { name, payments, worth }]) => {
      const { due, paid } = totals.get(key) ?? { due: 0n, paid: 0n }
      const open = openTransfers.filter(({ vendor }) => vendor === key)
      const openAmount = open.reduce((sum, { transfer }) => sum + transfer!.statement.amount, 0n)
      return { name, key, payments, worth, due: unitsText(due), paid, open: openAmount }
    }),
    open: {
      transfers: openTransfers.map(({ payload, vendorName, transfer }) => ({
        payload,
        vendor: vendorName,
        amount: transfer!.statement.amount,
      })),
      redemptions: openRedemptions,
    },
  }
}

/** `auditor blocks`: the user's token blocks with their verdicts. */
export function blocksJson(auditor: Auditor, user: string, state: QueueState): Json[] {
  const { genesis } = auditor.home
  const blocks: Json[] = []
  const newest = state.block?.number ?? state.last.number
  for (let number = 1; number <= newest; number++) {
    const kept = auditor.desk.store.block(user, number)
    if (!kept) continue
    const { record, digest } = kept.record
    const answer = auditor.blockAnswer(user, number)
    const tokenCount = record.transactions.reduce((sum, payment) => sum + payment.tokens.length, 0)
    const { pending, transactions } = record
    const about = { user, number, digest, pending, transactions: transactions.length, tokenCount }
    if (!answer) {
      blocks.push({ ...about, state: 'awaited' })
      continue
    }
    const header = decodeHeader(answer.answer.header)
    const tokens = transactionsOf(answer).flatMap(({ payload, tokens: judged }) =>
      judged.map(({ bank, publication, index, verdict, reason, use, charged }) => {
        const serial = serialText(genesis, bank, publication, index)
        return { serial, payload, verdict, reason, use, charged }
      }),
    )
    const decided = { height: header.height, time: isoTime(header.time), latencyMs: answer.latencyMs }
    blocks.push({ ...about, state: 'decided', ...decided, tokens })
  }
  return blocks
}

/** `auditor queue`. */
export function queueJson(user: string, state: QueueState): Json {
  const { queue, queuedTokens, held, block, awaitsTrust, blockSize, last, refusal } = state
  return {
    user,
    blockSize,
    queuedPayments: queue.length,
    queuedTokens,
    held: held.length,
    awaitedBlock: block?.number ?? null,
    ...(awaitsTrust ? { awaitsTrust: true } : {}),
    decidedBlocks: last.number,
    ...(refusal === undefined ? {} : { refusal }),
  }
}

/** The whole of a user's history as a file that `mupib verify` checks. Throws `not_found` where this auditor has no block of the user. */
export async function trustFileJson(auditor: Auditor, user: string): Promise<Json> {
  const first = auditor.desk.store.block(user, 1)
  const history = await auditor.book.history(user)
  if (!first || !history.some(({ record }) => record === first.record.digest))
    throw new MupibError('not_found', `no block of user ${user} was decided for this auditor`)
  return {
    format: 'mupib-trust/1',
    network: auditor.home.network,
    user,
    terms: auditor.book.standing(user).terms,
    firstRecord: toHex(first.record.bytes),
    steps: history.map(({ proof }) => JSON.parse(proofToJson(proof)) as Json),
  }
}
