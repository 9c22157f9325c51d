// What a bank shows of its books: an account's statement, and the whole held to its journal.
import { toHex } from '../../proto/bytes.ts'
import type { Digest } from '../../proto/hash.ts'
import { sessionEscrow } from '../../proto/session/terms.ts'
import { isPaidOut } from '../session/rules.ts'
import type { Account, Redemption } from './account-store.ts'
import { type AccountId, type EntryKind, escrowAccount, isOwnAccount, sessionOfAccount } from './accounts.ts'
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
  /** What came in (below zero), what is owed to holders of tokens, what expired, what sessions hold in escrow. */
  readonly own: { readonly cash: bigint; readonly tokens: bigint; readonly expired: bigint; readonly escrow: bigint }
  /** Sessions whose escrow has not left, and all of them together. */
  readonly openSessions: { readonly count: number; readonly amount: bigint }
  /** Paid for and in no publication yet. */
  readonly openOrders: { readonly count: number; readonly amount: bigint }
  readonly outstandingTokens: readonly PublicationBooks[]
  readonly check: {
    /** Of all balances: 0. */
    readonly sum: bigint
    /** The journal from its first entry gives every balance, the outstanding tokens are worth what the books owe for them, and every
     * session has its whole escrow, or none once it left. */
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
  const { balances, faults } = await runJournal(desk, parties)
  const own = {
    cash: accounts.balanceOf('cash') ?? 0n,
    tokens: accounts.balanceOf('tokens') ?? 0n,
    expired: accounts.balanceOf('expired') ?? 0n,
    escrow: [...balances].reduce((sum, [key, of]) => (sessionOfAccount(key) === undefined ? sum : sum + of), 0n),
  }
  const openSessions = await checkEscrow(desk, balances, faults)
  const total = parties.reduce((sum, { key }) => sum + accounts.balanceOf(key)!, 0n)
  const openOrders = { count: open.length, amount: open.reduce((sum, { amount }) => sum + amount, 0n) }
  const outstanding = publications.reduce((sum, of) => sum + of.value * BigInt(of.outstanding), 0n)
  const unsettled = await unsettledAmount(desk)
  if (outstanding + openOrders.amount + unsettled !== own.tokens)
    faults.push(
      `the books owe ${own.tokens} for tokens, and ${outstanding + openOrders.amount + unsettled} are outstanding`,
    )
  const sum = total + own.cash + own.tokens + own.expired + own.escrow
  if (sum !== 0n) faults.push(`all balances sum to ${sum}`)
  return {
    entries: accounts.lastEntry(),
    accounts: { count: parties.length, total },
    own,
    openOrders,
    openSessions,
    outstandingTokens: publications,
    check: { sum, holds: faults.length === 0, faults },
    transfers,
    redemptions: redemptions.sort((a, b) => a.time - b.time),
  }
}

/** Holds every session to the account of its escrow; tells of what is wrong in `faults`. */
async function checkEscrow(
  { sessions }: Desk,
  balances: ReadonlyMap<AccountId, bigint>,
  faults: string[],
): Promise<BooksReport['openSessions']> {
  const named = new Set<AccountId>()
  let count = 0
  let amount = 0n
  for await (const file of sessions.files()) {
    const account = escrowAccount(file.session)
    const isUnbacked = sessions.isUnbacked(file.session)
    if (isUnbacked)
      faults.push(
        `session ${file.session} was signed by a store that is lost, and ${sessionEscrow(file.terms)} of client ${toHex(file.terms.client)} are not in the books: deposit what is missing`,
      )
    const due = isUnbacked || isPaidOut(file) ? 0n : sessionEscrow(file.terms)
    named.add(account)
    if (due > 0n) count += 1
    amount += due
    const held = balances.get(account)
    if ((held ?? 0n) !== due) faults.push(`session ${file.session} holds ${held ?? 'no'} escrow where ${due} is due`)
  }
  for (const [account, held] of balances)
    if (sessionOfAccount(account) !== undefined && !named.has(account) && held !== 0n)
      faults.push(`${account} holds ${held} for no session`)
  return { count, amount }
}

async function publicationBooks({ tokens, records }: Desk): Promise<PublicationBooks[]> {
  const numbers = await records.numbers('publication')
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
async function runJournal(
  { accounts }: Desk,
  parties: readonly Account[],
): Promise<{ balances: ReadonlyMap<AccountId, bigint>; faults: string[] }> {
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
  return { balances, faults }
}
