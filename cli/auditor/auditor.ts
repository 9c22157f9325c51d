// The auditor: takes payments, puts them into blocks of W tokens, acts on the verdicts, and moves the money that follows. Every decision is
// persisted before it is told to anybody, and after a crash the ledger is asked first.
import { connectLedger } from '../../node/client/client.ts'
import type { LedgerClient } from '../../node/client/types.ts'
import type { Database } from '../../node/store/database.ts'
import { openLevelDatabase } from '../../node/store/level-database.ts'
import { bytesOfHex } from '../../proto/bytes.ts'
import type { Digest } from '../../proto/hash.ts'
import { decodeTransactionVerdict } from '../../proto/verdict.ts'
import { CertificateChecks } from '../common/identity.ts'
import { Revocations } from '../common/revocations.ts'
import { Accusations } from './accusations.ts'
import type { CheckContext } from './check.ts'
import { type AuditorHome, type AuditorLog, Desk } from './desk.ts'
import { Findings } from './findings.ts'
import { Intake, waitMsMax } from './intake.ts'
import { Outbox } from './outbox.ts'
import { Queues } from './queues.ts'
import { Rulings, type SignedRuling } from './rulings.ts'
import { Sessions } from './sessions.ts'
import { Settling } from './settling.ts'
import type { KeptBlockAnswer } from './store.ts'
import { TrustBook } from './trust-book.ts'

export interface AuditorOptions {
  readonly home: AuditorHome
  /** The store; opened where the home says when left out. */
  readonly database?: Database
  readonly log?: AuditorLog
}

/** How long a graceful stop waits for the verdicts on what it flushes, and for the banks. */
const stopFlushMs = 2_000

/** How long a flush waits for banks that do not answer. */
const bankLimitMs = 15_000

/** Waits for work, but no longer than this; the work goes on. */
async function soon(work: Promise<unknown>, limitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>(resolve => {
    timer = setTimeout(resolve, limitMs)
  })
  await Promise.race([work, late])
  clearTimeout(timer)
}

interface Parts {
  readonly desk: Desk
  readonly client: LedgerClient
  readonly revocations: Revocations
  readonly checks: CertificateChecks
  readonly book: TrustBook
  readonly outbox: Outbox
  readonly rulings: Rulings
  readonly accusations: Accusations
  readonly queues: Queues
  readonly intake: Intake
  readonly sessions: Sessions
}

export class Auditor {
  readonly home: AuditorHome
  readonly desk: Desk
  readonly checks: CertificateChecks
  readonly book: TrustBook
  readonly outbox: Outbox
  readonly accusations: Accusations
  readonly queues: Queues
  readonly intake: Intake
  readonly sessions: Sessions
  readonly #parts: Parts

  private constructor(parts: Parts) {
    this.#parts = parts
    this.home = parts.desk.home
    this.desk = parts.desk
    this.checks = parts.checks
    this.book = parts.book
    this.outbox = parts.outbox
    this.accusations = parts.accusations
    this.queues = parts.queues
    this.intake = parts.intake
    this.sessions = parts.sessions
  }

  /**
   * Opens store and ledger, catches up with the verdicts on all users, holds every user's stream to the ledger, and submits again what awaits
   * its verdict. Throws `store_behind` for an old copy of a store, and what opening store and client throws.
   */
  static async open({ home, database, log = () => {} }: AuditorOptions): Promise<Auditor> {
    const opened = database ?? (await openLevelDatabase(home.store, { genesisHash: bytesOfHex(home.network) }))
    const desk = new Desk(home, opened, log)
    let client: LedgerClient | undefined
    let auditor: Auditor | undefined
    try {
      const { genesis, seed, peersFile, fingerprint } = home
      client = await connectLedger({ genesis, seed, peersFile, fingerprint, log })
      await client.ready()
      auditor = new Auditor(await openParts(desk, client, opened))
      await auditor.#resume()
      return auditor
    } catch (error) {
      if (auditor) await auditor.close()
      else {
        await client?.close()
        await desk.store.close()
      }
      throw error
    }
  }

  async #resume(): Promise<void> {
    const { book, queues, outbox, sessions } = this.#parts
    await book.catchUp()
    await queues.load()
    book.onChange(user => queues.noteTrust(user))
    queues.resume()
    outbox.start()
    await sessions.resume()
  }

  /** Rejects when the auditor cannot go on. */
  get failed(): Promise<never> {
    return this.desk.failed
  }

  /** The last ruling on a payment; one that is to wait is waited for, up to half a minute. */
  ruling(payment: Digest): Promise<SignedRuling | undefined> {
    return this.#parts.rulings.after(payment, waitMsMax)
  }

  blockAnswer(user: string, number: number): KeptBlockAnswer | undefined {
    return this.desk.store.blockAnswer(user, number)
  }

  status(): Record<string, unknown> {
    const { queues, intake, outbox, sessions, client } = this.#parts
    const states = [...queues.states().values()]
    const count = (of: (state: (typeof states)[number]) => number): number =>
      states.reduce((sum, state) => sum + of(state), 0)
    const { terms, withholdingBp } = this.home.own
    return {
      name: this.home.name,
      pid: process.pid,
      state: 'running',
      ...terms,
      withholding: withholdingBp,
      users: states.length,
      payments: intake.payments,
      queued: count(({ queue }) => queue.length),
      held: count(({ held }) => held.length),
      awaited: count(({ block, awaitsTrust }) => (block || awaitsTrust ? 1 : 0)),
      blocks: queues.decidedBlocks,
      blocked: count(({ blockSize }) => (blockSize === 0 ? 1 : 0)),
      refused: count(({ refusal }) => (refusal === undefined ? 0 : 1)),
      outbox: outbox.status(),
      sessions: sessions.status(),
      peers: client.connections(),
    }
  }

  /**
   * Sends what is queued, of one user or of all, and resolves when it is decided; then waits, not for ever, until banks have taken what follows.
   * Says how many users had something.
   */
  async flush(user?: string): Promise<number> {
    const { queues, outbox } = this.#parts
    const flushed = await queues.flush(user)
    await soon(outbox.settled(), bankLimitMs)
    return flushed
  }

  /** The same at the end of a service's day, as far as ledger and banks answer soon; the rest goes on at the next start. */
  flushSoon(): Promise<void> {
    return soon(this.flush(), stopFlushMs)
  }

  /** Closes ledger and store. What is open goes on at the next start. */
  async close(): Promise<void> {
    const { desk, queues, rulings, outbox, book, revocations, sessions, client } = this.#parts
    desk.beginClosing()
    queues.close()
    rulings.close()
    await Promise.all([outbox.close(), revocations.close(), book.close(), sessions.stop()])
    await client.close()
    await sessions.close()
    await desk.store.close()
  }
}

async function openParts(desk: Desk, client: LedgerClient, database: Database): Promise<Parts> {
  const { log } = desk
  const revocations = await Revocations.open(client, database, error =>
    log({ kind: 'revocations', error: String(error) }),
  )
  try {
    return await openOnLedger(desk, client, revocations)
  } catch (error) {
    // what follows the ledger ends before its client
    await revocations.close()
    throw error
  }
}

async function openOnLedger(desk: Desk, client: LedgerClient, revocations: Revocations): Promise<Parts> {
  const { home } = desk
  const checks = new CertificateChecks(home.roots, fingerprint => revocations.isDead(fingerprint))
  const book = await TrustBook.open(desk, client)
  const outbox = await Outbox.open(desk, checks)
  const settling = new Settling(
    desk,
    fingerprint => book.bank(fingerprint),
    outbox,
    await desk.money.vendorTotals(),
    outbox.last,
  )
  const rulings = new Rulings(desk)
  const findings = new Findings(desk)
  const queues = new Queues(desk, { client, book, settling, rulings, findings })
  const context: CheckContext = { auditor: home.name, tokenValue: bank => book.bank(bank)?.tokenValue }
  const intake = new Intake(desk, { checks, queues, rulings, findings, context })
  const accusations = new Accusations(desk, findings, checks)
  const sessions = await Sessions.open(desk, client)
  return { desk, client, revocations, checks, book, outbox, rulings, accusations, queues, intake, sessions }
}

/** The verdicts of a block's answer. */
export const transactionsOf = ({ answer }: KeptBlockAnswer) => answer.transactionLeaves.map(decodeTransactionVerdict)
