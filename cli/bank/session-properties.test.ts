// Random sessions between honest and dishonest parties, on the ledger's and the bank's own rules, with crashes of the bank: escrow is
// conserved to the unit, and an honest party never loses more than one payment. Signatures and hashes are left out: a claim of the vendor
// proves what it was paid (proto/session/session.test.ts and node/ledger/sessions.test.ts show that it proves no more).
import { describe, expect, it } from 'vitest'
import { claimRefusal, closedBy, type KnownSession, openedSession } from '../../node/ledger/sessions.ts'
import { bytesOfHex, toHex } from '../../proto/bytes.ts'
import { assert } from '../../proto/errors.ts'
import { type Digest, sha256Hex } from '../../proto/hash.ts'
import { createAmount } from '../../proto/money.ts'
import type { SessionClaim } from '../../proto/session/claims.ts'
import { type SessionTerms, sessionEscrow } from '../../proto/session/terms.ts'
import type { Refusal, SessionStanding } from '../../proto/verdict.ts'
import { isPaidOut, learn, openingRefused, type SessionFile, type SessionStep, signedFile } from '../session/rules.ts'
import {
  type AccountId,
  type BookedEvent,
  type BooksView,
  depositEvent,
  type Entry,
  escrowAccount,
  escrowEvent,
  JournalDraft,
  settleEvent,
} from './accounts.ts'
import { askAgainAt } from './session-rules.ts'

/** Random numbers of one seed (xorshift32). */
class Dice {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 1
  }

  below(bound: number): number {
    this.#state ^= this.#state << 13
    this.#state ^= this.#state >>> 17
    this.#state ^= this.#state << 5
    return (this.#state >>> 0) % bound
  }

  chance(oneIn: number): boolean {
    return this.below(oneIn) === 0
  }
}

/** Books in memory: what a bank's store keeps between two writes. */
class MemoryBooks implements BooksView {
  readonly balances = new Map<AccountId, bigint>()
  readonly #entries = new Map<string, Entry>()

  lastEntry = (): number => this.#entries.size
  balanceOf = (account: AccountId): bigint | undefined => this.balances.get(account)
  entryOf = (kind: string, scope: string, reference: string): Entry | undefined =>
    this.#entries.get(`${kind}/${scope}/${reference}`)

  keep(draft: JournalDraft): void {
    for (const [account, balance] of draft.balances) this.balances.set(account, balance)
    for (const entry of draft.entries) this.#entries.set(`${entry.kind}/${entry.scope}/${entry.reference}`, entry)
  }

  get sum(): bigint {
    return [...this.balances.values()].reduce((a, b) => a + b, 0n)
  }
}

/** What the ledger certified of a session, in the order in which it did. */
type Certified = { readonly session: Digest } & ({ readonly standing: SessionStanding } | { readonly refusal: Refusal })

class Ledger {
  readonly sessions = new Map<Digest, KnownSession>()
  readonly history: Certified[] = []
  time = 1_000

  open(session: Digest, terms: SessionTerms): void {
    const refusal = this.sessions.has(session) ? 'already_known' : this.time > terms.openBy ? 'too_late' : undefined
    if (refusal) this.history.push({ session, refusal })
    else this.#take({ terms, standing: openedSession(session, terms) })
  }

  /** `provable`: up to which payment the vendor has values. */
  close(session: Digest, claim: SessionClaim, provable: number): Refusal | undefined {
    const known = this.sessions.get(session)
    if (!known) return 'not_found'
    const refusal = claimRefusal(known, claim, this.time)
    if (refusal) return refusal
    if (claim.form === 'vendor' && (claim.index > provable || claim.index < 1)) return 'bad_proof'
    this.#take({ ...known, standing: closedBy(known, claim, this.time) })
    return undefined
  }

  #take(known: KnownSession): void {
    this.sessions.set(known.standing.session, known)
    this.history.push({ session: known.standing.session, standing: known.standing })
  }
}

/** The bank: what it has written, and what it loses in a crash. */
class Bank {
  readonly books = new MemoryBooks()
  readonly files = new Map<Digest, SessionFile>()
  height = 0
  readonly #dice: Dice

  constructor(dice: Dice) {
    this.#dice = dice
  }

  book(event: BookedEvent): string {
    const draft = new JournalDraft(this.books)
    const { outcome } = draft.post(event)
    if (outcome === 'booked') this.books.keep(draft)
    return outcome
  }

  /** Escrow and file are one write: a crash leaves both or neither. */
  sign(session: Digest, terms: SessionTerms): boolean {
    if (this.files.has(session)) return true
    const draft = new JournalDraft(this.books)
    const amount = createAmount(sessionEscrow(terms))
    const { outcome } = draft.post(escrowEvent({ reference: session, time: 0, amount }, toHex(terms.client)))
    if (outcome !== 'booked' || this.#dice.chance(10)) return false
    this.books.keep(draft)
    const nothing = new Uint8Array(64)
    this.files.set(
      session,
      signedFile(session, terms, { client: nothing, vendor: nothing, bank: nothing }, terms.openBy),
    )
    return true
  }

  /** Follows the ledger; a crash loses what was not written, and perhaps the height, so that answers come again. */
  follow(history: readonly Certified[]): void {
    while (this.height < history.length) {
      const certified = history[this.height]!
      const file = this.files.get(certified.session)
      const step =
        file && ('standing' in certified ? learn(file, certified.standing) : openingRefused(file, certified.refusal))
      assert(step !== 'contradiction', 'the ledger never contradicts itself')
      if (this.#dice.chance(40)) return
      if (step) this.#write(step)
      this.height = this.#dice.chance(20) ? Math.max(0, this.height - this.#dice.below(9)) : this.height + 1
    }
  }

  #write({ file, payout }: SessionStep): void {
    const draft = new JournalDraft(this.books)
    if (payout) {
      const { outcome } = draft.post(settleEvent({ reference: file.session, time: 0 }, payout))
      assert(outcome === 'booked', 'an escrow leaves once')
    }
    this.books.keep(draft)
    this.files.set(file.session, file)
  }

  get escrow(): bigint {
    return [...this.files.keys()].reduce(
      (sum, session) => sum + (this.books.balanceOf(escrowAccount(session)) ?? 0n),
      0n,
    )
  }
}

interface Play {
  readonly session: Digest
  readonly terms: SessionTerms
  readonly clientIsHonest: boolean
  readonly vendorIsHonest: boolean
  /** Payments that the vendor got, and units that it served. */
  paid: number
  served: number
}

const key = (name: string): Uint8Array => bytesOfHex(sha256Hex(Buffer.from(name)))
const signature = new Uint8Array(64)
const signatures = { client: signature, vendor: signature, bank: signature }
const byClient = (index: number): SessionClaim => ({ form: 'client', index, client: signature })
const byVendor = (index: number): SessionClaim => ({ form: 'vendor', index, value: signature, vendor: signature })
const joint = (index: number): SessionClaim => ({ form: 'joint', index, client: signature, vendor: signature })

function createPlay(dice: Dice, name: string, ledger: Ledger): Play {
  const openBy = ledger.time + 20 + dice.below(60)
  const terms: SessionTerms = {
    network: '',
    bank: '',
    client: key(`client ${name}`),
    vendor: key(`vendor ${name}`),
    nonce: key(name),
    suite: 'schnorr',
    sessionKey: signature,
    unit: BigInt(1 + dice.below(5)),
    paymentsMax: 1 + dice.below(8),
    anchors: [],
    openBy,
    expiry: openBy + 20 + dice.below(100),
    windowMs: 30 + dice.below(40),
  }
  const honest = { clientIsHonest: !dice.chance(2), vendorIsHonest: !dice.chance(2) }
  return { session: sha256Hex(key(name)), terms, ...honest, paid: 0, served: 0 }
}

/** One turn of a session's parties. The client pays first and the vendor serves then; neither goes further before the other did. */
function act(play: Play, ledger: Ledger, dice: Dice): void {
  const [clientCloses, vendorCloses] = [dice.chance(12), dice.chance(12)]
  const { session, terms, clientIsHonest, vendorIsHonest } = play
  const known = ledger.sessions.get(session)
  if (!known || known.standing.state === 'settled') return
  const { state, windowEnd } = known.standing
  const close = (claim: SessionClaim): unknown => ledger.close(session, claim, play.paid)
  // an honest vendor is back before a window ends, and claims in time whatever the client does
  if (vendorIsHonest && windowEnd - ledger.time <= 25 && play.paid > 0) close(byVendor(play.paid))
  else if (state === 'closing' && vendorIsHonest && dice.chance(3)) close(byVendor(play.paid))
  else if (clientCloses) {
    if (clientIsHonest) close(byClient(play.paid))
    else close(byClient(dice.below(terms.paymentsMax + 2)))
  } else if (vendorCloses) {
    if (!vendorIsHonest) close(byVendor(dice.below(terms.paymentsMax + 2)))
    else if (clientIsHonest) close(joint(play.paid))
  } else if (state === 'open' && ledger.time < terms.expiry) {
    const pays = play.paid < terms.paymentsMax && play.paid === play.served
    if (pays && (clientIsHonest || !dice.chance(4))) play.paid += 1
    else if (play.served < play.paid && (vendorIsHonest || !dice.chance(4))) play.served += 1
  }
  if (dice.chance(5)) close({ form: 'settle' })
}

/** Payments of a session that were paid for, by what the parties hold at the bank. */
function checkOutcome(play: Play, bank: Bank, deposit: bigint): void {
  const { terms, paid, served } = play
  const shop = bank.books.balanceOf(toHex(terms.vendor))!
  const user = bank.books.balanceOf(toHex(terms.client))!
  expect(user + shop).toBe(deposit)
  expect(shop % terms.unit).toBe(0n)
  const settled = Number(shop / terms.unit)
  if (play.vendorIsHonest) expect(served - settled, 'units that the vendor served for nothing').toBeLessThanOrEqual(0)
  if (play.clientIsHonest) expect(settled - served, 'units that the client paid for nothing').toBeLessThanOrEqual(1)
  if (play.clientIsHonest) expect(settled).toBeLessThanOrEqual(paid)
}

function playWorld(seed: number, count: number): { settled: number; refused: number; contested: number } {
  const dice = new Dice(seed)
  const ledger = new Ledger()
  const bank = new Bank(dice)
  const plays = Array.from({ length: count }, (_, i) => createPlay(dice, `${seed}/${i}`, ledger))
  const deposit = 1_000n
  for (const { terms, session } of plays) {
    for (const party of [terms.client, terms.vendor]) bank.books.balances.set(toHex(party), 0n)
    bank.book(depositEvent({ reference: session, time: 0, amount: createAmount(deposit) }, toHex(terms.client)))
  }
  const isOver = (): boolean =>
    plays.every(({ session }) => bank.files.has(session) && isPaidOut(bank.files.get(session)!))
  for (let turn = 0; !isOver(); turn++) {
    assert(turn < 500, 'every session comes to an end')
    ledger.time += 1 + dice.below(6)
    for (const play of plays) {
      const { session, terms } = play
      const file = bank.files.get(session)
      if (!file) bank.sign(session, terms)
      // whoever has the bank's signature may carry the opening, again and again
      else if (!ledger.sessions.has(session) ? dice.chance(8) || ledger.time > terms.openBy : dice.chance(50))
        ledger.open(session, terms)
      act(play, ledger, dice)
      // the bank asks when its clock says that it is due
      if (file?.due !== undefined && ledger.time > file.due && file.standing)
        ledger.close(session, { form: 'settle' }, 0)
    }
    bank.follow(ledger.history)
    assert(bank.books.sum === 0n, 'all balances sum to 0')
    const held = [...bank.files.values()].reduce((sum, of) => (isPaidOut(of) ? sum : sum + sessionEscrow(of.terms)), 0n)
    assert(bank.escrow === held, 'the escrow accounts hold what is due')
  }
  for (const play of plays) checkOutcome(play, bank, deposit)
  const files = [...bank.files.values()]
  return {
    settled: files.filter(({ standing }) => standing?.state === 'settled').length,
    refused: files.filter(({ refusal }) => refusal !== undefined).length,
    contested: files.filter(({ standing }) => standing?.contestedAt !== undefined).length,
  }
}

describe('10,000 random sessions', () => {
  it('conserve the escrow, and cost an honest party no more than one payment', () => {
    const sum = { settled: 0, refused: 0, contested: 0 }
    for (let seed = 1; seed <= 500; seed++) {
      try {
        const came = playWorld(seed, 20)
        for (const of of ['settled', 'refused', 'contested'] as const) sum[of] += came[of]
      } catch (error) {
        throw new Error(`seed ${seed}: ${String(error)}`, { cause: error })
      }
    }
    expect(sum.settled + sum.refused).toBe(10_000)
    // the dice brought all of it about
    expect(sum.refused).toBeGreaterThan(100)
    expect(sum.contested).toBeGreaterThan(500)
  })
})

describe('the bank', () => {
  it('asks again when the ledger’s time will have come, and later where another answer is on its way', () => {
    const { terms, session } = createPlay(new Dice(1), 'asked', new Ledger())
    const file = signedFile(session, terms, signatures, terms.openBy)
    expect(askAgainAt(file, terms.openBy - 5, 7_000)).toBe(7_006)
    expect(askAgainAt(file, terms.openBy + 1, 7_000)).toBe(67_000)
    const open = { ...file, standing: openedSession(session, terms) }
    expect(askAgainAt(open, terms.expiry + terms.windowMs, 7_000)).toBe(7_001)
  })

  it('gives money back only where the opening can never be decided any more (E3)', () => {
    const { terms, session } = createPlay(new Dice(1), 'refused', new Ledger())
    const file = signedFile(session, terms, signatures, terms.openBy)
    for (const passing of ['certificate_dead', 'already_known', 'wrong_role', 'number_used'] as const)
      expect(openingRefused(file, passing)).toBeUndefined()
    const opened = { ...file, standing: openedSession(session, terms) }
    expect(openingRefused(opened, 'too_late')).toBeUndefined()
    const back = openingRefused(file, 'too_late')!
    expect(back.payout).toMatchObject({ paid: 0n, returned: sessionEscrow(terms) })
    expect(openingRefused(back.file, 'too_late')).toBeUndefined()
    expect(learn(back.file, openedSession(session, terms))).toBe('contradiction')
  })

  it('pays out no more and no less than it holds (E2)', () => {
    const { terms, session } = createPlay(new Dice(1), 'paid', new Ledger())
    const file = signedFile(session, terms, signatures, terms.openBy)
    const standing: SessionStanding = { ...openedSession(session, terms), state: 'settled', by: 'joint', windowEnd: 0 }
    const escrow = sessionEscrow(terms)
    expect(learn(file, { ...standing, paid: escrow + 1n })).toBe('contradiction')
    expect(learn(file, { ...standing, returned: escrow - 1n })).toBe('contradiction')
    expect(learn(file, { ...standing, paid: 1n, returned: escrow - 1n })).toMatchObject({ payout: { paid: 1n } })
  })
})
