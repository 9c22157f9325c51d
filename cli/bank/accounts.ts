// The bank's books: double entry, without clock, store or network.
// A1 every event is one numbered entry, and its postings sum to 0; so all balances together sum to 0;
// A2 money that came in stands in `cash`, below zero; what is owed stands above it: to parties, to the holders of tokens that were issued
//    (`tokens`), to whom the ledger will name (`session/…`: the escrow of a session), and, once tokens expired unspent, to the bank itself
//    (`expired`);
// A3 no account but `cash` goes below zero, and `cash` not below -(2^63 - 1): a sum that would is refused, never wrapped;
// A4 an event is named by kind, scope and reference, and is booked once: a repeat changes nothing, other content under its name is a conflict.
import { assert } from '../../proto/errors.ts'
import type { Digest } from '../../proto/hash.ts'
import { limits } from '../../proto/limits.ts'
import type { Amount } from '../../proto/money.ts'

/** A party's public key in hex, or one of the bank's own accounts. */
export type AccountId = string
const ownAccounts = ['cash', 'tokens', 'expired'] as const

const escrowPrefix = 'session/'

/** The account that holds a session's escrow. */
export const escrowAccount = (session: Digest): AccountId => `${escrowPrefix}${session}`

/** The session whose escrow an account holds; undefined where it is no such account. */
export const sessionOfAccount = (account: AccountId): Digest | undefined =>
  account.startsWith(escrowPrefix) ? account.slice(escrowPrefix.length) : undefined

export const isOwnAccount = (account: AccountId): boolean =>
  (ownAccounts as readonly string[]).includes(account) || account.startsWith(escrowPrefix)

/** Kinds of entries, with their numbers in the store. */
export const entryKinds = {
  deposit: 1,
  issue: 2,
  refund: 3,
  redeem: 4,
  transfer: 5,
  expire: 6,
  escrow: 7,
  settle: 8,
} as const
export type EntryKind = keyof typeof entryKinds

export interface Posting {
  readonly account: AccountId
  /** Minor units; above zero is what the account gains. */
  readonly amount: bigint
}

/** Something that moves money. */
export interface BookedEvent {
  readonly kind: EntryKind
  /** Within which `reference` is unique: an account, or '' for the whole bank. */
  readonly scope: AccountId | ''
  readonly reference: string
  /** Milliseconds since 1970. */
  readonly time: number
  readonly postings: readonly Posting[]
}

/** An event in the journal. */
export interface Entry extends Omit<BookedEvent, 'postings'> {
  readonly number: number
  /** With what each account holds after it. */
  readonly postings: readonly (Posting & { readonly balance: bigint })[]
}

/** The books as far as an event needs to see them. */
export interface BooksView {
  /** Number of the last entry; 0 where there is none. */
  lastEntry(): number
  /** Undefined where there is no such account. */
  balanceOf(account: AccountId): bigint | undefined
  entryOf(kind: EntryKind, scope: AccountId | '', reference: string): Entry | undefined
}

export type Posted =
  | { readonly outcome: 'booked' | 'repeated' | 'conflict'; readonly entry: Entry }
  | {
      readonly outcome: 'no_account' | 'insufficient_funds' | 'too_large'
      readonly account: AccountId
      readonly balance: bigint
    }

const event = (
  kind: EntryKind,
  scope: AccountId | '',
  reference: string,
  time: number,
  ...postings: readonly Posting[]
): BookedEvent => ({ kind, scope, reference, time, postings })

const move = (from: AccountId, to: AccountId, amount: Amount): [Posting, Posting] => [
  { account: from, amount: -amount },
  { account: to, amount },
]

interface Occasion {
  readonly reference: string
  readonly time: number
  readonly amount: Amount
}

/** Money that a party brings. */
export const depositEvent = ({ reference, time, amount }: Occasion, account: AccountId): BookedEvent =>
  event('deposit', '', reference, time, ...move('cash', account, amount))

/** Tokens for an account's money; the reference is the order. */
export const issueEvent = ({ reference, time, amount }: Occasion, account: AccountId): BookedEvent =>
  event('issue', account, reference, time, ...move(account, 'tokens', amount))

/** Money for tokens that came back unspent, or that the ledger did not let be. */
export const refundEvent = ({ reference, time, amount }: Occasion, account: AccountId): BookedEvent =>
  event('refund', account, reference, time, ...move('tokens', account, amount))

/** Money for the consumed tokens of one token block; the reference is the record's digest. */
export const redeemEvent = ({ reference, time, amount }: Occasion, auditor: AccountId): BookedEvent =>
  event('redeem', '', reference, time, ...move('tokens', auditor, amount))

/** An auditor pays a vendor for one payment; the reference is the payment's digest. */
export const transferEvent = (
  { reference, time, amount }: Occasion,
  auditor: AccountId,
  payee: AccountId,
): BookedEvent => event('transfer', auditor, reference, time, ...move(auditor, payee, amount))

/** Unspent tokens of an expired publication become income. */
export const expireEvent = ({ reference, time, amount }: Occasion): BookedEvent =>
  event('expire', '', reference, time, ...move('tokens', 'expired', amount))

/** Tokens that were booked as expired and turn out to have been spent in time. */
export const reviveEvent = ({ reference, time, amount }: Occasion): BookedEvent =>
  event('expire', '', reference, time, ...move('expired', 'tokens', amount))

/** A client's money for a session, before the bank signs that it holds it; the reference is the session. */
export const escrowEvent = ({ reference, time, amount }: Occasion, client: AccountId): BookedEvent =>
  event('escrow', '', reference, time, ...move(client, escrowAccount(reference), amount))

/** A session's escrow goes where the ledger says, or back where it never opened: once, since the reference is the session. */
export const settleEvent = (
  { reference, time }: Omit<Occasion, 'amount'>,
  to: { readonly vendor: AccountId; readonly paid: Amount; readonly client: AccountId; readonly returned: Amount },
): BookedEvent => {
  const gains = [
    { account: to.vendor, amount: to.paid },
    { account: to.client, amount: to.returned },
  ].filter(({ amount }) => amount > 0n)
  const escrow = { account: escrowAccount(reference), amount: -(to.paid + to.returned) }
  return event('settle', '', reference, time, escrow, ...gains)
}

/** The same event (A4): when it was booked does not matter. */
const isSameEvent = (entry: Entry, { postings }: BookedEvent): boolean =>
  entry.postings.length === postings.length &&
  entry.postings.every(({ account, amount }, i) => account === postings[i]!.account && amount === postings[i]!.amount)

const nameOf = (kind: EntryKind, scope: AccountId | '', reference: string): string => `${kind}/${scope}/${reference}`

/** Entries that are to be written together, over the books as they stand. */
export class JournalDraft implements BooksView {
  readonly #base: BooksView
  readonly #balances = new Map<AccountId, bigint>()
  readonly #entries = new Map<string, Entry>()

  constructor(base: BooksView) {
    this.#base = base
  }

  get entries(): readonly Entry[] {
    return [...this.#entries.values()]
  }

  /** Accounts whose balance the entries change. */
  get balances(): ReadonlyMap<AccountId, bigint> {
    return this.#balances
  }

  lastEntry(): number {
    return this.#base.lastEntry() + this.#entries.size
  }

  balanceOf(account: AccountId): bigint | undefined {
    return this.#balances.get(account) ?? this.#base.balanceOf(account)
  }

  entryOf(kind: EntryKind, scope: AccountId | '', reference: string): Entry | undefined {
    return this.#entries.get(nameOf(kind, scope, reference)) ?? this.#base.entryOf(kind, scope, reference)
  }

  /** Books an event, or says why not; then nothing has changed. */
  post(booked: BookedEvent): Posted {
    const { kind, scope, reference, postings } = booked
    assert(new Set(postings.map(({ account }) => account)).size === postings.length, 'an entry names an account once')
    assert(postings.reduce((sum, { amount }) => sum + amount, 0n) === 0n, `the postings of a ${kind} sum to 0`)
    const known = this.entryOf(kind, scope, reference)
    if (known) return { outcome: isSameEvent(known, booked) ? 'repeated' : 'conflict', entry: known }
    const after = new Map<AccountId, bigint>()
    for (const { account, amount } of postings) {
      const balance = after.get(account) ?? this.balanceOf(account) ?? (isOwnAccount(account) ? 0n : undefined)
      if (balance === undefined) return { outcome: 'no_account', account, balance: 0n }
      const sum = balance + amount
      if (account === 'cash' ? sum < -limits.amount : sum > limits.amount)
        return { outcome: 'too_large', account, balance }
      if (account !== 'cash' && sum < 0n) return { outcome: 'insufficient_funds', account, balance }
      after.set(account, sum)
    }
    const balanced = postings.map(posting => ({ ...posting, balance: after.get(posting.account)! }))
    const entry = { ...booked, number: this.lastEntry() + 1, postings: balanced }
    for (const [account, balance] of after) this.#balances.set(account, balance)
    this.#entries.set(nameOf(kind, scope, reference), entry)
    return { outcome: 'booked', entry }
  }
}
