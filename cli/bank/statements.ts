// What a bank shows of its books: an account's statement, and the whole held to its journal.
import { toHex } from '../../proto/bytes.ts'
import type { Digest } from '../../proto/hash.ts'
import type { Account, Redemption } from './account-store.ts'
import { type AccountId, type EntryKind, isOwnAccount } from './accounts.ts'
import type { Desk } from './desk.ts'
import { noAccountError } from './errors.ts'
import { outstandingOf, type TokenCounts } from './token-use.ts'

/** One line of a statement. */
export interface StatementRow {
  readonly entry: number
  /** Milliseconds since 1970. */
  readonly time: number
  readonly kind: EntryKind
  readonly reference: string
  /** Above zero is what the account gained. */
  readonly amount: bigint
  /** After the entry. */
  readonly balance: bigint
}

export interface PublicationBooks extends TokenCounts {
  readonly publication: number
  readonly outstanding: number
  /** Of one token, in minor units. */
  readonly value: bigint
  readonly expiry: number
}

export interface TransferRow {
  readonly entry: number
  readonly time: number
  readonly auditor: AccountId
  readonly payload: Digest
  readonly payee: AccountId
  readonly amount: bigint
}

/** The bank's whole position. */
export interface BooksReport {
  readonly entries: number
  readonly accounts: { readonly count: number; readonly total: bigint }
  /** What came in (below zero), what is owed to holders of tokens, what expired. */
  readonly own: { readonly cash: bigint; readonly tokens: bigint; readonly expired: bigint }
  /** Paid for and in no publication yet. */
  readonly openOrders: { readonly count: number; readonly amount: bigint }
  readonly outstandingTokens: readonly PublicationBooks[]
  readonly check: {
    /** Of all balances: 0. */
    readonly sum: bigint
    /** The journal from its first entry gives every balance, and the outstanding tokens are worth what the books owe for them. */
    readonly holds: boolean
    readonly faults: readonly string[]
  }
  readonly transfers: readonly TransferRow[]
  readonly redemptions: readonly Redemption[]
}

/** The account's entries, oldest first. Throws `no_account`. */
export async function statementOf({ accounts }: Desk, account: AccountId): Promise<StatementRow[]> {
  if (!accounts.account(account)) throw noAccountError(account)
  const rows: StatementRow[] = []
  for await (const { number, time, kind, reference, postings } of accounts.entriesOf(account)) {
    const { amount, balance } = postings.find(posting => posting.account === account)!
    rows.push({ entry: number, time, kind, reference, amount, balance })
  }
  return rows
}

/** The books as they stand, checked against the journal. */
export async function reportBooks(desk: Desk): Promise<BooksReport> {
  // in a turn, so that nothing moves between the rows that are read
  return desk.streams.run(() => desk.books.run(() => readBooks(desk)))
}

async function readBooks(desk: Desk): Promise<BooksReport> {
  const { accounts, tokens } = desk
  const [parties, publications, open, transfers, redemptions] = await Promise.all([
    accounts.accounts(),
    publicationBooks(desk),
    tokens.openOrders(),
    transferRows(desk),
    accounts.redemptions(),
  ])
  const own = {
    cash: accounts.balanceOf('cash') ?? 0n,
    tokens: accounts.balanceOf('tokens') ?? 0n,
    expired: accounts.balanceOf('expired') ?? 0n,
  }
  const total = parties.reduce((sum, { key }) => sum + accounts.balanceOf(key)!, 0n)
  const openOrders = { count: open.length, amount: open.reduce((sum, { amount }) => sum + amount, 0n) }
  const outstanding = publications.reduce((sum, of) => sum + of.value * BigInt(of.outstanding), 0n)
  const unsettled = await unsettledAmount(desk)
  const faults = await journalFaults(desk, parties)
  if (outstanding + openOrders.amount + unsettled !== own.tokens)
    faults.push(
      `the books owe ${own.tokens} for tokens, and ${outstanding + openOrders.amount + unsettled} are outstanding`,
    )
  const sum = total + own.cash + own.tokens + own.expired
  if (sum !== 0n) faults.push(`all balances sum to ${sum}`)
  return {
    entries: accounts.lastEntry(),
    accounts: { count: parties.length, total },
    own,
    openOrders,
    outstandingTokens: publications,
    check: { sum, holds: faults.length === 0, faults },
    transfers,
    redemptions: redemptions.sort((a, b) => a.time - b.time),
  }
}

async function publicationBooks({ tokens }: Desk): Promise<PublicationBooks[]> {
  const numbers = await tokens.numbers('publication')
  return numbers.map(publication => {
    const { value, expiry, counts } = tokens.tokenUse(publication)!
    return { publication, value, expiry, ...counts, outstanding: outstandingOf(counts) }
  })
}

async function transferRows({ accounts }: Desk): Promise<TransferRow[]> {
  return (await accounts.transfers()).map(({ signed, auditor, entry }) => {
    const { payload, payee, amount } = signed.statement
    return { entry, time: accounts.entry(entry)!.time, auditor, payload, payee: toHex(payee), amount }
  })
}

/** Orders of a lost store: paid for, and nobody knows whether their tokens are out. */
async function unsettledAmount({ accounts, tokens }: Desk): Promise<bigint> {
  let amount = 0n
  for await (const { kind, scope, reference } of accounts.journal()) {
    if (kind !== 'issue') continue
    const order = tokens.order(scope, reference)
    if (order?.refusal === 'store_behind') amount += order.amount
  }
  return amount
}

/** Runs the journal from its first entry and compares every balance. */
async function journalFaults({ accounts }: Desk, parties: readonly Account[]): Promise<string[]> {
  const faults: string[] = []
  const balances = new Map<AccountId, bigint>(parties.map(({ key }) => [key, 0n]))
  let last = 0
  for await (const { number, kind, postings } of accounts.journal()) {
    last += 1
    if (number !== last) faults.push(`entry ${number} where ${last} belongs`)
    let sum = 0n
    for (const { account, amount, balance } of postings) {
      sum += amount
      const after = (balances.get(account) ?? 0n) + amount
      balances.set(account, after)
      if (after !== balance) faults.push(`entry ${number} leaves ${balance} on ${account}, not ${after}`)
    }
    if (sum !== 0n) faults.push(`the postings of entry ${number} (${kind}) sum to ${sum}`)
  }
  for (const [account, balance] of balances)
    if ((accounts.balanceOf(account) ?? 0n) !== balance)
      faults.push(`${isOwnAccount(account) ? 'own account ' : ''}${account} holds what the journal does not give`)
  return faults
}
