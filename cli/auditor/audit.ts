// The auditor's own books held to what they follow from: every kept verdict is verified again, every sum is made again. What is left to compare
// stands beside it, for whoever holds it to the books of banks and vendors.
import { validatorKeys } from '../../proto/genesis.ts'
import { verifyAnswer } from '../../proto/proof.ts'
import type { Auditor } from './auditor.ts'

/** One thing that has to hold; amounts in minor units. */
export interface Check {
  readonly check: string
  readonly holds: boolean
  readonly expected: string
  readonly found: string
  readonly faults: readonly string[]
}

/** A settled payment as others' books should show it. */
export interface SettledRow {
  readonly payload: string
  readonly vendor: string
  readonly vendorName: string
  readonly worth: string
  readonly transfer: string
  readonly state: 'none' | 'open' | 'paid'
}

/** What a bank is to have paid for a block. */
export interface RedeemedRow {
  readonly record: string
  readonly bank: string
  readonly amount: string
  readonly state: 'open' | 'redeemed'
}

export interface Audit {
  readonly auditor: { readonly name: string; readonly key: string }
  readonly checks: readonly Check[]
  readonly settlements: readonly SettledRow[]
  readonly redemptions: readonly RedeemedRow[]
}

/** Faults that are named; the rest are counted. */
const faultsMax = 20

export function checkOf(
  check: string,
  expected: bigint | number,
  found: bigint | number,
  faults: readonly string[],
): Check {
  const holds = expected === found && faults.length === 0
  return { check, holds, expected: String(expected), found: String(found), faults: faults.slice(0, faultsMax) }
}

/** Holds the auditor's books to its verdicts and settlements. */
export async function auditBooks(auditor: Auditor): Promise<Audit> {
  const { key, name } = auditor.home
  const { checks, redemptions } = await auditBlocks(auditor)
  const { check, settlements } = await auditSettlements(auditor)
  return {
    auditor: { name, key: Buffer.from(key.publicKey).toString('hex') },
    checks: [...checks, check],
    settlements,
    redemptions,
  }
}

async function auditBlocks(auditor: Auditor): Promise<{ checks: Check[]; redemptions: RedeemedRow[] }> {
  const { money } = auditor.desk
  const keys = validatorKeys(auditor.home.genesis)
  const unproved: string[] = []
  const unbalanced: string[] = []
  const redemptions: RedeemedRow[] = []
  const sums = { blocks: 0, proved: 0, settled: 0n, accounted: 0n, consumed: 0n, received: 0n }
  const open = auditor.outbox.openRedemptions()
  for await (const { user, number, books } of money.blockBooks()) {
    const label = `block ${number} of ${user}`
    sums.blocks += 1
    const consumed = consumedOf(auditor, user, number, keys)
    if (consumed === undefined) unproved.push(label)
    else {
      sums.proved += 1
      sums.consumed += consumed
    }
    sums.received += books.received
    sums.settled += books.paid + books.margin
    sums.accounted += books.received + books.covered
    if (books.paid + books.margin !== books.received + books.covered) unbalanced.push(label)
    for (const { bank, amount } of await money.redeemed(user, number))
      redemptions.push({ record: books.record, bank, amount: amount.toString(), state: 'redeemed' })
    for (const redemption of open.filter(of => of.user === user && of.number === number)) {
      const { bank, amount } = redemption
      redemptions.push({ record: books.record, bank, amount: amount.toString(), state: 'open' })
    }
  }
  const owed = redemptions.reduce((sum, { amount }) => sum + BigInt(amount), 0n)
  return {
    checks: [
      checkOf('every kept verdict is certified by the validators of genesis', sums.blocks, sums.proved, unproved),
      checkOf('block by block: paid + margin = received + covered losses', sums.settled, sums.accounted, unbalanced),
      checkOf('received is what the verdicts consumed', sums.consumed, sums.received, []),
      checkOf('banks have paid or owe what was received', sums.received, owed, []),
    ],
    redemptions,
  }
}

/** What a kept verdict consumed, in minor units; undefined where it is not what the validators certified of this block. */
function consumedOf(auditor: Auditor, user: string, number: number, keys: readonly Uint8Array[]): bigint | undefined {
  const kept = auditor.blockAnswer(user, number)
  const block = auditor.desk.store.block(user, number)
  if (!kept || !block) return undefined
  try {
    const { digest, transactions } = verifyAnswer(kept.answer, auditor.home.network, keys)
    if (digest !== block.record.digest) return undefined
    const tokens = transactions.flatMap(transaction => transaction.tokens).filter(({ use }) => use === 'consumed')
    return tokens.reduce((sum, { bank }) => sum + (auditor.book.bank(bank)?.tokenValue ?? 0n), 0n)
  } catch {
    return undefined
  }
}

async function auditSettlements(auditor: Auditor): Promise<{ check: Check; settlements: SettledRow[] }> {
  const { money, store } = auditor.desk
  const open = new Set(auditor.outbox.openTransfers().map(({ payload }) => payload))
  const faults: string[] = []
  const paid = new Map<string, bigint>()
  const due = new Map<string, bigint>()
  const settlements: SettledRow[] = []
  for await (const { payload, vendor, vendorName, worth, withholdingBp, transfer } of money.settlements()) {
    const amount = transfer?.statement.amount ?? 0n
    paid.set(vendor, (paid.get(vendor) ?? 0n) + amount)
    due.set(vendor, (due.get(vendor) ?? 0n) + worth * BigInt(10_000 - withholdingBp))
    if (store.payments.ruling(payload)?.statement.answer !== 'deliver')
      faults.push(`payment ${payload} is not delivered`)
    if (!store.payments.presented(payload)) faults.push(`payment ${payload} is not kept`)
    const state = !transfer ? 'none' : open.has(payload) ? 'open' : 'paid'
    settlements.push({
      payload,
      vendor,
      vendorName,
      worth: worth.toString(),
      transfer: amount.toString(),
      state,
    })
  }
  const sum = (of: ReadonlyMap<string, bigint>): bigint => [...of.values()].reduce((all, each) => all + each, 0n)
  const whole = new Map([...due].map(([vendor, amount]) => [vendor, amount / 10_000n]))
  for (const [vendor, amount] of whole)
    if (paid.get(vendor) !== amount) faults.push(`vendor ${vendor} is paid ${paid.get(vendor)}, due is ${amount}`)
  const check = checkOf('each vendor is paid the whole units of its due', sum(whole), sum(paid), faults)
  return { check, settlements }
}
