// Sessions at the auditor: it holds no money of theirs, but knows all that the ledger opened, and carries openings and claims for the parties, so
// that no bank can drop one.
import type { LedgerClient } from '../../node/client/types.ts'
import type { WriteOp } from '../../node/store/database.ts'
import { MupibError } from '../../proto/errors.ts'
import type { Digest } from '../../proto/hash.ts'
import type { SessionClose, SessionOpen } from '../../proto/records.ts'
import { type SessionSignatures, type SessionTerms, sessionDigest, verifySession } from '../../proto/session/terms.ts'
import { OwnRecordStore } from '../common/own-record-store.ts'
import { OwnRecords, type Refused, type Settlement } from '../common/own-records.ts'
import { Turn } from '../common/turn.ts'
import {
  SessionBook,
  type SessionChange,
  type SessionDesk,
  type SessionOwner,
  type SessionShown,
} from '../session/book.ts'
import { type SessionKind, sessionKinds } from '../session/carrier.ts'
import { checkTerms, openingRefused, type SessionFile, type SessionStep, signedFile } from '../session/rules.ts'
import { SessionStore } from '../session/store.ts'
import type { Desk } from './desk.ts'

/** An opening that all three have signed. */
export interface SignedOpening {
  readonly terms: SessionTerms
  readonly signatures: SessionSignatures
}

export class Sessions implements SessionOwner {
  readonly book: SessionBook
  readonly #desk: Desk
  readonly #session: SessionDesk
  readonly #records: OwnRecords<SessionKind>

  private constructor(desk: Desk, session: SessionDesk, client: LedgerClient, records: OwnRecords<SessionKind>) {
    this.#desk = desk
    this.#session = session
    this.#records = records
    this.book = new SessionBook(session, records, client, this)
  }

  static async open(desk: Desk, client: LedgerClient): Promise<Sessions> {
    const { database } = desk.store
    const { home, log } = desk
    const [store, turns] = [new OwnRecordStore<SessionKind>(database), new Turn()]
    const write = (operations: readonly WriteOp[]): Promise<void> => desk.write([{ operations }])
    const stopOn = (error: unknown): void => desk.stopOn(error)
    const kept = { sessions: new SessionStore(database), records: store, streams: turns, books: new Turn() }
    const settlement: Settlement<SessionKind> = {
      decided: (...decided) => sessions.book.decided(...decided),
      voided: (...voided) => sessions.book.voided(...voided),
    }
    const parts = { client, store, turns, settlement, write, log }
    const records = new OwnRecords(await store.streams(sessionKinds), parts)
    const sessions = new Sessions(desk, { home, log, write, stopOn, ...kept }, client, records)
    return sessions
  }

  /** Holds the own streams to the ledger, follows it, and goes on with what was to be carried. Throws `store_behind`. */
  async resume(): Promise<void> {
    await this.#records.resume(false)
    await this.book.resume()
  }

  /**
   * Has a session opened that client, vendor and bank have signed: resolves once the ledger has. Throws `wrong_network`, `session_terms`,
   * `bad_signature`, and the ledger's refusal.
   */
  async carryOpening({ terms, signatures }: SignedOpening): Promise<SessionShown> {
    const session = sessionDigest(terms)
    const { sessions, books } = this.#session
    await books.run(async () => {
      const known = sessions.file(session)
      if (known?.standing || known?.refusal !== undefined) return
      checkTerms(this.#desk.home.network, terms, signatures)
      this.#checkBank(session, terms, signatures)
      const file = signedFile(session, terms, signatures, undefined)
      const wish = this.book.carrier.wish({ session, claim: undefined })
      await this.#session.write([...sessions.putFile(file, known), wish])
    })
    const { standing, refusal } = sessions.file(session)!
    if (refusal !== undefined) throw new MupibError(refusal, `session ${session} never opened: ${refusal}`)
    if (!standing) await this.book.opened(session)
    return this.book.show(session)
  }

  /** A bank that was admitted later is the ledger's to know. */
  #checkBank(session: Digest, { bank }: SessionTerms, signatures: SessionSignatures): void {
    const named = this.#desk.home.genesis.members.find(({ certificate }) => certificate.fingerprint === bank)
    if (named && !verifySession(session, 'bank', named.certificate.publicKey, signatures.bank))
      throw new MupibError('bad_signature', 'the bank did not sign these terms', { field: 'bank' })
  }

  takeUp(session: Digest, { terms, signatures }: SessionOpen): SessionFile {
    return signedFile(session, terms, signatures, undefined)
  }

  refused(record: SessionOpen | SessionClose, file: SessionFile, { refusal }: Refused): SessionStep | undefined {
    return record.kind === 'sessionOpen' ? openingRefused(file, refusal) : undefined
  }

  write(_changes: readonly SessionChange[], operations: readonly WriteOp[]): Promise<void> {
    return this.#session.write(operations)
  }

  status(): Record<string, unknown> {
    return { height: this.book.height, carrying: this.book.carrier.size }
  }

  /** Learns no more; before the client closes. */
  stop(): Promise<void> {
    return this.book.stop()
  }

  /** Writes no more; before the store closes. */
  async close(): Promise<void> {
    await this.#session.streams.close()
    await this.#session.books.close()
  }
}
