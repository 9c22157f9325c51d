// The auditor's books against those of its bank and of the vendors in the same network: what one says it paid, another must have received.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { statOf } from '../common/files.ts'
import type { Output } from '../common/output.ts'
import { type Audit, type Check, checkOf } from './audit.ts'

export interface Reconciled {
  readonly checks: readonly Check[]
  readonly inFlight: {
    readonly transfers: { readonly count: number; readonly amount: string }
    readonly redemptions: { readonly count: number; readonly amount: string }
    readonly sales: number
  }
  readonly holds: boolean
}

interface BankBooks {
  readonly check: { readonly holds: boolean; readonly sum: string; readonly faults: readonly string[] }
  readonly transfers: readonly {
    readonly auditor: string
    readonly payload: string
    readonly payee: string
    readonly amount: string
  }[]
  readonly redemptions: readonly { readonly auditor: string; readonly record: string; readonly amount: string }[]
}

interface SaleRow {
  readonly payment: string
  readonly auditor: string
  readonly price: unknown
  readonly state: string
}

const sumOf = (amounts: readonly string[]): bigint => amounts.reduce((sum, amount) => sum + BigInt(amount), 0n)

/** Rows of both sides by their key: faults where one side lacks a row or has another amount. */
function compare(ours: ReadonlyMap<string, string>, theirs: ReadonlyMap<string, string>, what: string): string[] {
  const faults: string[] = []
  for (const [key, amount] of ours)
    if (theirs.get(key) !== amount) faults.push(`${what} ${key}: ${amount} here, ${theirs.get(key) ?? 'nothing'} there`)
  for (const [key, amount] of theirs) if (!ours.has(key)) faults.push(`${what} ${key}: nothing here, ${amount} there`)
  return faults
}

function bankChecks(audit: Audit, bank: string, books: BankBooks): Check[] {
  const own = audit.auditor.key
  const openTransfers = new Set(audit.settlements.filter(({ state }) => state === 'open').map(({ payload }) => payload))
  const paid = audit.settlements.filter(({ state }) => state === 'paid')
  // one that the bank has carried out and whose reply has not come is in flight here
  const transfers = books.transfers.filter(({ auditor, payload }) => auditor === own && !openTransfers.has(payload))
  const ofBank = audit.redemptions.filter(row => row.bank === bank)
  const openRecords = new Set(ofBank.filter(({ state }) => state === 'open').map(({ record }) => record))
  const redeemed = ofBank.filter(({ state }) => state === 'redeemed')
  const redemptions = books.redemptions.filter(({ auditor, record }) => auditor === own && !openRecords.has(record))
  const transferKey = (vendor: string, payload: string): string => `${payload} to ${vendor}`
  return [
    checkOf(`the books of ${bank} hold by themselves`, 0n, BigInt(books.check.sum), books.check.faults),
    checkOf(
      `${bank} has paid vendors what was transferred`,
      sumOf(paid.map(({ transfer }) => transfer)),
      sumOf(transfers.map(({ amount }) => amount)),
      compare(
        new Map(paid.map(({ payload, vendor, transfer }) => [transferKey(vendor, payload), transfer])),
        new Map(transfers.map(({ payload, payee, amount }) => [transferKey(payee, payload), amount])),
        'payment',
      ),
    ),
    checkOf(
      `${bank} has paid for what was redeemed`,
      sumOf(redeemed.map(({ amount }) => amount)),
      sumOf(redemptions.map(({ amount }) => amount)),
      compare(
        new Map(redeemed.map(({ record, amount }) => [record, amount])),
        new Map(redemptions.map(({ record, amount }) => [record, amount])),
        'block',
      ),
    ),
  ]
}

function vendorCheck(audit: Audit, vendor: string, sales: readonly SaleRow[]): { check: Check; open: number } {
  const own = sales.filter(({ auditor }) => auditor === audit.auditor.name)
  const delivered = own.filter(({ state }) => state === 'delivered')
  const open = new Set(
    own.filter(({ state }) => state === 'presented' || state === 'waiting').map(sale => sale.payment),
  )
  const settled = audit.settlements.filter(({ vendorName, payload }) => vendorName === vendor && !open.has(payload))
  const check = checkOf(
    `${vendor} has delivered what was settled`,
    sumOf(settled.map(({ worth }) => worth)),
    sumOf(delivered.map(({ price }) => String(price))),
    compare(
      new Map(settled.map(({ payload, worth }) => [payload, worth])),
      new Map(delivered.map(({ payment, price }) => [payment, String(price)])),
      'payment',
    ),
  )
  return { check, open: open.size }
}

const vendorNames = (dir: string): string[] => {
  const folder = join(dir, 'vendors')
  return statOf(folder) === undefined
    ? []
    : readdirSync(folder).filter(name => statOf(join(folder, name, 'config.json')))
}

/** Compares with the bank and the vendors whose homes lie in the directory. */
export async function reconcile(output: Output, audit: Audit): Promise<Reconciled> {
  const checks = [...audit.checks]
  if (statOf(join(output.dir, 'bank', 'config.json'))) {
    const [{ withBank }, { openBankHome }] = await Promise.all([
      import('../bank/operations.ts'),
      import('../bank/home.ts'),
    ])
    const { name } = openBankHome(output.dir)
    await withBank(output, async operations => {
      checks.push(...bankChecks(audit, name, (await operations.books()) as unknown as BankBooks))
    })
  }
  let sales = 0
  for (const name of vendorNames(output.dir)) {
    const { salesOf } = await import('../vendor/operations.ts')
    const { check, open } = vendorCheck(audit, name, (await salesOf(output.dir, name)) as unknown as SaleRow[])
    checks.push(check)
    sales += open
  }
  const openTransfers = audit.settlements.filter(({ state }) => state === 'open').map(({ transfer }) => transfer)
  const openRedemptions = audit.redemptions.filter(({ state }) => state === 'open').map(({ amount }) => amount)
  const counted = (amounts: readonly string[]) => ({ count: amounts.length, amount: sumOf(amounts).toString() })
  return {
    checks,
    inFlight: { transfers: counted(openTransfers), redemptions: counted(openRedemptions), sales },
    holds: checks.every(({ holds }) => holds),
  }
}
