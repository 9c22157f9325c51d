// Sessions at a simulated bank: the real bank's rules E1 to E4 and its books on the virtual store. It escrows, signs, carries, pays out what the ledger
// certified, and takes evidence against clients.
import { type AccountId, escrowAccount, escrowEvent, settleEvent } from '../../../cli/bank/accounts.ts'
import {
  type Misconduct as MisconductName,
  misconducts,
  reputationAfter,
  reputationNeeded,
} from '../../../cli/bank/reputation-store.ts'
import { askAgainAt, checkOpening, type OpeningRequest } from '../../../cli/bank/session-rules.ts'
import {
  isPaidOut,
  learn,
  openingRefused,
  type SessionFile,
  type SessionStep,
  signedFile,
} from '../../../cli/session/rules.ts'
import { proofRefusal } from '../../../node/ledger/sessions.ts'
import { toHex } from '../../../proto/bytes.ts'
import { MupibError } from '../../../proto/errors.ts'
import type { Digest } from '../../../proto/hash.ts'
import { createAmount } from '../../../proto/money.ts'
import type { SignedRecord } from '../../../proto/records.ts'
import type { SessionClaim } from '../../../proto/session/claims.ts'
import { verifyMisconduct } from '../../../proto/session/misconduct.ts'
import { type SessionTerms, sessionDigest, sessionEscrow, signSession } from '../../../proto/session/terms.ts'
import type { SessionStanding } from '../../../proto/verdict.ts'
import { BooksDraft } from './bank-books.ts'
import { type ReadAnswer, readAnswer } from './ledger-client.ts'
import { certificateOf, keyOf, ledgerNetwork } from './parties.ts'
import type { AnsweredBlock, Letter } from './party.ts'
import type { PartyStore, Row } from './party-store.ts'
import { isSessionKind, SessionCarrier, type Wish } from './session-carrier.ts'

/** Ways in which planted bugs make a simulated bank go wrong with sessions. */
export interface SessionSwitches {
  /** Pays the vendor one payment more than the ledger certified. */
  readonly paysTooMuch?: boolean
}

export interface BankSessionsHost {
  readonly store: PartyStore
  readonly switches: SessionSwitches
  now(): number
  later(ms: number, run: () => void): void
  send(to: string, letter: Letter): void
  submit(record: SignedRecord): void
  note(kind: string, about: string): void
}

/** How often it looks for sessions of which it has to ask the ledger, in milliseconds. */
const dueMs = 250

const bank = { network: ledgerNetwork, fingerprint: certificateOf('bank').fingerprint }

export class BankSessions {
  readonly #host: BankSessionsHost
  readonly #carrier: SessionCarrier

  constructor(host: BankSessionsHost) {
    this.#host = host
    this.#carrier = new SessionCarrier('bank', host.store, record => host.submit(record))
  }

  wake(): void {
    this.#carrier.wake()
    this.#askDue()
  }

  /** Every escrow has left, and nothing waits for the ledger. */
  get isIdle(): boolean {
    return this.#carrier.isIdle && this.files().every(isPaidOut)
  }

  files(): SessionFile[] {
    return this.#host.store.entries<SessionFile>('session/').map(([, file]) => file)
  }

  reputationOf(account: AccountId): number {
    const findings = this.#host.store.entries<MisconductName>(`finding/${account}/`)
    return reputationAfter(findings.map(([, kind]) => misconducts[kind]))
  }

  #file(session: Digest): SessionFile | undefined {
    return this.#host.store.get<SessionFile>(`session/${session}`)
  }

  hear(from: string, letter: Letter): void {
    if (letter.type === 'openSession') this.#open(from, letter)
    if (letter.type === 'closeSession') this.#close(from, letter.terms, letter.claim)
    if (letter.type === 'misconduct' && verifyMisconduct(letter.terms, letter.misconduct)) {
      const session = sessionDigest(letter.terms)
      this.#host.store.write([findingRow(letter.terms, letter.misconduct.kind)], () =>
        this.#host.send(from, { type: 'noted', session }),
      )
    }
  }

  #refuse(to: string, session: Digest, claim: SessionClaim | undefined, code: string): void {
    this.#host.send(to, { type: 'refusedSession', session, claim, code })
  }

  #open(from: string, request: OpeningRequest): void {
    const { terms } = request
    const session = sessionDigest(terms)
    const known = this.#file(session)
    if (known) {
      if (known.refusal !== undefined) this.#refuse(from, session, undefined, known.refusal)
      else this.#host.send(from, { type: 'signed', session, signatures: known.signatures })
      return
    }
    const fault = this.#openingFault(request)
    if (fault !== undefined) {
      this.#refuse(from, session, undefined, fault)
      return
    }
    const draft = new BooksDraft(this.#host.store)
    const amount = createAmount(sessionEscrow(terms))
    const posted = draft.post(escrowEvent({ reference: session, time: this.#host.now(), amount }, toHex(terms.client)))
    if (!('entry' in posted)) {
      this.#refuse(from, session, undefined, posted.outcome)
      return
    }
    const signatures = { ...request.signatures, bank: signSession(session, 'bank', keyOf('bank')) }
    const rows: Row[] = [...draft.rows(), [`session/${session}`, signedFile(session, terms, signatures, terms.openBy)]]
    this.#host.store.atomically(() => {
      // E1: the money is put aside on disk before the signature leaves, be it in a record
      this.#host.store.write(rows, () => this.#host.send(from, { type: 'signed', session, signatures }))
      this.#carrier.carry({ session, opening: { terms, signatures }, claim: undefined, asker: from })
    })
  }

  #openingFault(request: OpeningRequest): string | undefined {
    try {
      checkOpening(request, bank, this.#host.now())
    } catch (error) {
      if (!(error instanceof MupibError)) throw error
      return error.code
    }
    const parties = [request.terms.client, request.terms.vendor].map(toHex)
    return parties.every(key => this.reputationOf(key) > reputationNeeded) ? undefined : 'blocked'
  }

  #close(from: string, terms: SessionTerms, claim: SessionClaim): void {
    const session = sessionDigest(terms)
    const settled = this.#file(session)?.standing?.state === 'settled'
    const refusal = settled ? 'already_settled' : proofRefusal({ session, terms }, claim)
    if (refusal) this.#refuse(from, session, claim, refusal)
    else this.#carrier.carry({ session, opening: undefined, claim, asker: from })
  }

  /** Learns from a block whatever it says of sessions, whoever carried it. */
  takeBlock(block: AnsweredBlock): void {
    for (const answer of block.answers) {
      const read = readAnswer(answer)
      const { kind, signer, session } = read.verdict
      if (session) this.#learn(session)
      if (!isSessionKind(kind) || signer !== bank.fingerprint) continue
      const wish = this.#carrier.decided(kind, read)
      if (wish) this.#refused(wish, read, block.final.block.header.time)
    }
  }

  #learn(standing: SessionStanding): void {
    const file = this.#file(standing.session)
    const step = file && learn(file, standing)
    if (step === 'contradiction') this.#host.note('contradiction', standing.session)
    else if (step) this.#take(step)
    if (file && standing.contestedAt !== undefined) this.#host.store.write([findingRow(file.terms, 'contested_close')])
  }

  #take({ file, payout }: SessionStep): void {
    const draft = new BooksDraft(this.#host.store)
    if (payout) {
      const more = this.#host.switches.paysTooMuch && payout.returned >= file.terms.unit ? file.terms.unit : 0n
      const [paid, returned] = [createAmount(payout.paid + more), createAmount(payout.returned - more)]
      const occasion = { reference: file.session, time: this.#host.now() }
      draft.mustPost(settleEvent(occasion, { ...payout, paid, returned }))
    }
    this.#host.store.write([...draft.rows(), [`session/${file.session}`, file]])
  }

  /** What a refusal of an own record means (E2, E3). */
  #refused({ session, claim, asker }: Wish, { verdict: { refusal } }: ReadAnswer, time: number): void {
    const file = this.#file(session)
    if (refusal === undefined) return
    const step = file && !claim ? openingRefused(file, refusal) : undefined
    if (step) this.#take(step)
    else if (file?.due !== undefined && (!claim || claim.form === 'settle')) {
      const due = askAgainAt(file, time, this.#host.now())
      this.#host.store.write([[`session/${session}`, { ...file, due }]])
    }
    if (asker !== 'bank') this.#refuse(asker, session, claim, refusal)
  }

  /** Asks the ledger what became of the sessions that are due. */
  #askDue(): void {
    for (const { session, due, standing, terms, signatures } of this.files())
      if (due !== undefined && due < this.#host.now()) {
        const opening = standing ? undefined : { terms, signatures }
        const claim: SessionClaim | undefined = standing ? { form: 'settle' } : undefined
        this.#carrier.carry({ session, opening, claim, asker: 'bank' })
      }
    this.#host.later(dueMs, () => this.#askDue())
  }

  /** Of a session that is open for the bank: what is still put aside. */
  heldFor(session: Digest): bigint {
    return this.#host.store.get<bigint>(`balance/${escrowAccount(session)}`) ?? 0n
  }
}

const findingRow = (terms: SessionTerms, kind: MisconductName): Row => [
  `finding/${toHex(terms.client)}/${kind}/${sessionDigest(terms)}`,
  kind,
]
