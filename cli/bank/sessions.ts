// Sessions at the bank: it holds a client's escrow, and pays out what the ledger certifies, whoever carried it there. Rules E1 to E4 stand in
// session-rules.ts and ../session/rules.ts.
import type { LedgerClient } from '../../node/client/types.ts'
import type { WriteOp } from '../../node/store/database.ts'
import { toHex } from '../../proto/bytes.ts'
import { MupibError } from '../../proto/errors.ts'
import type { Digest } from '../../proto/hash.ts'
import { createAmount } from '../../proto/money.ts'
import type { SessionClose, SessionOpen } from '../../proto/records.ts'
import type { SessionClaim } from '../../proto/session/claims.ts'
import {
  type SessionTerms,
  sessionDigest,
  sessionEscrow,
  signSession,
  verifySession,
} from '../../proto/session/terms.ts'
import type { Refused } from '../common/own-records.ts'
import { timerMsUntil } from '../common/timers.ts'
import { SessionBook, type SessionChange, type SessionOwner, type SessionShown } from '../session/book.ts'
import {
  openingRefused,
  type Payout,
  payoutOf,
  type SessionFile,
  type SessionStep,
  signedFile,
} from '../session/rules.ts'
import { escrowEvent, type Posted, settleEvent } from './accounts.ts'
import type { BooksDraft } from './books-draft.ts'
import type { Desk } from './desk.ts'
import { fundsError, noAccountError } from './errors.ts'
import { checkReputation } from './reputation-store.ts'
import { askAgainAt, checkOpening, type OpeningRequest } from './session-rules.ts'
import type { BankRecords } from './store.ts'

const settle: SessionClaim = { form: 'settle' }

export class Sessions implements SessionOwner {
  readonly book: SessionBook
  readonly #desk: Desk
  readonly #client: LedgerClient
  /** Sessions of which the ledger is being asked. */
  readonly #asking = new Set<Digest>()
  #isRecovered = false
  #isStopped = false
  #timer: NodeJS.Timeout | undefined

  constructor(desk: Desk, records: BankRecords, client: LedgerClient) {
    this.#desk = desk
    this.#client = client
    this.book = new SessionBook(desk, records, client, this)
  }

  /**
   * Follows the ledger, goes on with what was to be carried, and asks of what is due. With `recover` it has found the sessions of a lost store
   * before it resolves, and takes up later ones for ever. Throws `store_behind`.
   */
  async resume(recover: boolean): Promise<void> {
    const { sessions } = this.#desk
    if (recover) await this.#desk.write([sessions.putRecovered()])
    this.#isRecovered = sessions.isRecovered()
    await this.book.resume(recover ? await this.#client.height() : 0)
    await this.backLost()
    await this.#arm()
  }

  /**
   * Puts the client's money into escrow, signs, and has the session opened: resolves once the ledger has. The same request again gives the
   * same answer. Throws `bad_input`, `session_terms`, `bad_signature`, `too_late`, `no_account`, `wrong_role`, `blocked` (reputation),
   * `insufficient_funds`, and the ledger's refusal.
   */
  async open(request: OpeningRequest): Promise<SessionShown> {
    const session = sessionDigest(request.terms)
    const file = await this.#desk.books.run(() => this.#escrow(session, request))
    if (file.refusal !== undefined)
      throw new MupibError(file.refusal, `session ${session} never opened: ${file.refusal}`, {
        hint: 'the money went back: agree on another session',
      })
    if (!file.standing && this.#desk.sessions.wish({ session, claim: undefined })) await this.book.opened(session)
    return this.book.show(session)
  }

  async #escrow(session: Digest, request: OpeningRequest): Promise<SessionFile> {
    const { sessions, home } = this.#desk
    const known = sessions.file(session)
    // a repeat is answered as before, however late it comes, and after the bank's certificate was renewed
    if (known) return known
    const { terms } = request
    checkOpening(request, home, Date.now())
    await this.#checkParty(terms.client, 'client')
    await this.#checkParty(terms.vendor, 'vendor')
    const signatures = { ...request.signatures, bank: signSession(session, 'bank', home.key) }
    const file = signedFile(session, terms, signatures, terms.openBy)
    const draft = this.#desk.draft()
    const escrow = sessionEscrow(terms)
    const posted = postEscrow(draft, session, terms)
    if (!('entry' in posted)) throw fundsError(posted.balance, escrow)
    draft.add(...sessions.putFile(file, undefined), this.book.carrier.wish({ session, claim: undefined }))
    // E1: the signature is in the file, and nobody sees it before this is on disk
    await this.#desk.write(draft.operations)
    this.#desk.log({ kind: 'session_signed', session, escrow })
    await this.#arm()
    return file
  }

  async #checkParty(key: Uint8Array, party: 'client' | 'vendor'): Promise<void> {
    const { accounts, reputations } = this.#desk
    const account = accounts.account(toHex(key))
    if (!account) throw noAccountError(toHex(key))
    const role = party === 'client' ? 'user' : 'vendor'
    if (account.role !== role)
      throw new MupibError('wrong_role', `the ${party} of a session is a ${role}, not a ${account.role}`, {
        field: party,
      })
    await checkReputation(reputations, account.key, party)
  }

  /** An opening with this bank's signature that its books do not know: only a lost store, or a thief of the key, signed it. */
  takeUp(session: Digest, { terms, signatures }: SessionOpen): SessionFile | undefined {
    if (!verifySession(session, 'bank', this.#desk.home.key.publicKey, signatures.bank)) return undefined
    if (this.#isRecovered) return signedFile(session, terms, signatures, terms.openBy)
    throw new MupibError('store_behind', `this bank signed session ${session}, which this store does not know`, {
      hint: 'bring back the newest copy of the store; or, if there is none, "mupib bank serve --recover"',
    })
  }

  /** What a refusal means for a session: its money goes back, or the bank asks again later. */
  refused(record: SessionOpen | SessionClose, file: SessionFile, { refusal, time }: Refused): SessionStep | undefined {
    const step = record.kind === 'sessionOpen' ? openingRefused(file, refusal) : undefined
    if (step) this.#desk.log({ kind: 'session_void', session: file.session, refusal })
    const isQuestion = record.kind === 'sessionOpen' || record.claim.form === 'settle'
    if (step || !isQuestion || file.due === undefined) return step
    return { file: { ...file, due: askAgainAt(file, time, Date.now()) }, payout: undefined }
  }

  /** Books what sessions came to, each settlement once (E2). */
  async write(changes: readonly SessionChange[], operations: readonly WriteOp[]): Promise<void> {
    const draft = this.#desk.draft()
    draft.add(...operations)
    for (const { before, file, payout } of changes) {
      const isBacked = before ? !this.#desk.sessions.isUnbacked(file.session) : this.#takeEscrow(draft, file)
      if (payout && isBacked) this.#pay(draft, file, payout)
      if (file.standing?.contestedAt !== undefined) this.#contested(draft, file)
    }
    await this.#desk.write(draft.operations)
    if (changes.length > 0) await this.#arm()
  }

  /** The escrow of a session that a lost store signed; false where the books lack the client's money or account. */
  #takeEscrow(draft: BooksDraft, { session, terms }: SessionFile): boolean {
    const { sessions, log } = this.#desk
    const isBacked = this.#postLost(draft, session, terms)
    if (!isBacked) draft.add(sessions.putUnbacked(session))
    log({ kind: 'session_recovered', session, escrow: sessionEscrow(terms), isBacked })
    return isBacked
  }

  /** Moves the money where both parties have accounts and the client has enough; false where not. */
  #postLost(draft: BooksDraft, session: Digest, terms: SessionTerms): boolean {
    const hasVendor = this.#desk.accounts.account(toHex(terms.vendor)) !== undefined
    return hasVendor && 'entry' in postEscrow(draft, session, terms)
  }

  /** Takes the escrow of sessions of a lost store, as far as the books have the money now, and pays what is due of them. */
  async backLost(): Promise<void> {
    const { sessions } = this.#desk
    const lost = await sessions.unbacked()
    if (lost.length === 0) return
    await this.#desk.books.run(async () => {
      const draft = this.#desk.draft()
      for (const session of lost) {
        const file = sessions.file(session)!
        if (!sessions.isUnbacked(session) || !this.#postLost(draft, session, file.terms)) continue
        draft.add(sessions.dropUnbacked(session))
        const payout = payoutOf(file)
        if (payout) this.#pay(draft, file, payout)
      }
      await this.#desk.write(draft.operations)
    })
  }

  #pay(draft: BooksDraft, { session, standing }: SessionFile, payout: Payout): void {
    draft.mustPost(settleEvent({ reference: session, time: Date.now() }, payout))
    const { paid, returned } = payout
    this.#desk.log({ kind: 'session_paid_out', session, by: standing?.by ?? 'refusal', paid, returned })
  }

  #contested(draft: BooksDraft, { session, terms }: SessionFile): void {
    const finding = { kind: 'contested_close', session, time: Date.now() } as const
    draft.add(this.#desk.reputations.put(toHex(terms.client), finding))
    this.#desk.log({ kind: 'misconduct', account: toHex(terms.client), what: finding.kind, session })
  }

  /** Waits for the next session of which the ledger has to be asked. */
  async #arm(): Promise<void> {
    let next: number | undefined
    for await (const { due, session } of this.#desk.sessions.due()) {
      if (this.#asking.has(session)) continue
      next = due
      break
    }
    clearTimeout(this.#timer)
    if (next === undefined || this.#isStopped) return
    this.#timer = setTimeout(() => void this.#askDue(), timerMsUntil(next + 1))
    this.#timer.unref()
  }

  async #askDue(): Promise<void> {
    try {
      const now = Date.now()
      for await (const { due, session } of this.#desk.sessions.due()) {
        if (due >= now) break
        if (!this.#asking.has(session)) void this.#ask(session)
      }
      await this.#arm()
    } catch (error) {
      // a write that failed stops the bank by itself
      if (!this.#isStopped) this.#desk.log({ kind: 'sessions_unasked', reason: String(error) })
    }
  }

  /** Has the ledger say what became of a session: settled since its time is over, or never opened. */
  async #ask(session: Digest): Promise<void> {
    this.#asking.add(session)
    try {
      const claim = this.#desk.sessions.file(session)!.standing ? settle : undefined
      await this.book.carrier.carry({ session, claim })
    } catch (error) {
      const code = error instanceof MupibError ? error.code : 'bug'
      if (!this.#isStopped) this.#desk.log({ kind: 'session_unsettled', session, code })
    } finally {
      this.#asking.delete(session)
      if (!this.#isStopped) await this.#arm().catch(() => {})
    }
  }

  /** Learns no more; resolves when nothing is written any more. */
  async stop(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    await this.book.stop()
  }
}

/** Money of a client's for a session: once, since the reference is the session. */
function postEscrow(draft: BooksDraft, session: Digest, terms: SessionTerms): Posted {
  const occasion = { reference: session, time: Date.now(), amount: createAmount(sessionEscrow(terms)) }
  return draft.post(escrowEvent(occasion, toHex(terms.client)))
}
