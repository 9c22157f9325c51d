// The users' trust as the ledger's verdicts have it: γ and W folded over each user's blocks of all auditors, in ledger order, without gaps (eqs 3
// to 7). An own block's word may be there before those that come before it; it waits for them.
import type { FollowedBatch, LedgerClient, VerifiedAnswer } from '../../node/client/types.ts'
import { toHex } from '../../proto/bytes.ts'
import { MupibError } from '../../proto/errors.ts'
import type { Digest } from '../../proto/hash.ts'
import { createProof, type VerdictProof } from '../../proto/proof.ts'
import { decodeRecord, type TrustTerms } from '../../proto/records.ts'
import { decodeRecordVerdict, type UserStanding } from '../../proto/verdict.ts'
import type { Change, Desk } from './desk.ts'
import { applyBlock, initialStanding } from './trust.ts'
import type { KeptTrust, KnownBank } from './trust-store.ts'

const sameTerms = (a: TrustTerms, b: TrustTerms): boolean =>
  a.w0 === b.w0 && a.model === b.model && a.rounding === b.rounding

/** A block of a user's history, proved. */
export interface TrustStepProof {
  readonly sequence: number
  /** Fingerprint of the auditor's certificate. */
  readonly auditor: Digest
  readonly record: Digest
  readonly charged: number
  readonly proof: VerdictProof
}

export class TrustBook {
  readonly #desk: Desk
  readonly #client: LedgerClient
  readonly #standings: Map<string, KeptTrust>
  readonly #banks: Map<Digest, KnownBank>
  /** Certified words that came before those in front of them, by user and number. */
  readonly #ahead = new Map<string, Map<number, VerifiedAnswer>>()
  readonly #closing = new AbortController()
  #following: Promise<void> = Promise.resolve()
  /** Hears of a user whose γ or W may have changed, once that is on disk. */
  #onChange: (user: string) => void = () => {}

  private constructor(desk: Desk, client: LedgerClient, standings: Map<string, KeptTrust>, banks: KnownBank[]) {
    this.#desk = desk
    this.#client = client
    this.#standings = standings
    const named = desk.home.genesis.members.filter(({ role }) => role === 'bank')
    const first = named.map(({ name, certificate, tokenValue }) => {
      const { fingerprint } = certificate
      return [fingerprint, { fingerprint, name, tokenValue }] as const
    })
    this.#banks = new Map([...first, ...banks.map(bank => [bank.fingerprint, bank] as const)])
  }

  /** Reads what is folded, and folds it anew for users of whom the own terms have changed and no own block exists. */
  static async open(desk: Desk, client: LedgerClient): Promise<TrustBook> {
    const book = new TrustBook(desk, client, await desk.trust.standings(), await desk.trust.banks())
    for (const [user, { terms }] of book.#standings)
      if (!sameTerms(terms, book.#termsOf(user))) book.#standings.set(user, await book.#foldAgain(user))
    return book
  }

  /** The own terms for a user: as they were when the user first paid here. */
  #termsOf(user: string): TrustTerms {
    return this.#desk.store.user(user)?.terms ?? this.#desk.home.own.terms
  }

  async #foldAgain(user: string): Promise<KeptTrust> {
    let standing = this.#newStanding(user)
    for (const answer of await this.#desk.trust.steps(user))
      standing = this.#next(standing, decodeRecordVerdict(answer.recordLeaf).user!)
    return standing
  }

  #newStanding(user: string): KeptTrust {
    const terms = this.#termsOf(user)
    return { sequence: 0, ...initialStanding(terms), terms }
  }

  #next(standing: KeptTrust, { sequence, gammaBefore, gammaAfter }: UserStanding): KeptTrust {
    if (sequence !== standing.sequence + 1 || gammaBefore !== standing.gamma)
      throw new MupibError('store_corrupt', 'the ledger certifies a history that does not follow from the one before')
    return { ...standing, ...applyBlock(standing.terms, standing, gammaAfter - gammaBefore), sequence }
  }

  standing(user: string): KeptTrust {
    return this.#standings.get(user) ?? this.#newStanding(user)
  }

  /** All users of whom a block was decided. */
  users(): string[] {
    return [...this.#standings.keys()]
  }

  bank(fingerprint: Digest): KnownBank | undefined {
    return this.#banks.get(fingerprint)
  }

  /**
   * Folds a block's certified word, and those that waited for it; one that is known changes nothing. The change must be written in the same
   * turn, so that rows stand in the order in which they were folded.
   */
  take(answer: VerifiedAnswer): Change {
    const { user } = answer.verdict
    if (!user || answer.verdict.refusal !== undefined) return { operations: [] }
    const name = toHex(user.key)
    let standing = this.standing(name)
    if (user.sequence <= standing.sequence) return { operations: [] }
    const ahead = this.#ahead.get(name) ?? new Map<number, VerifiedAnswer>()
    ahead.set(user.sequence, answer)
    const operations = []
    for (let next = ahead.get(standing.sequence + 1); next; next = ahead.get(standing.sequence + 1)) {
      ahead.delete(standing.sequence + 1)
      standing = this.#next(standing, next.verdict.user!)
      operations.push(this.#desk.trust.putStep(name, standing.sequence, next.answer))
    }
    if (ahead.size > 0) this.#ahead.set(name, ahead)
    else this.#ahead.delete(name)
    if (operations.length === 0) return { operations }
    this.#standings.set(name, standing)
    return { operations: [...operations, this.#desk.trust.putStanding(name, standing)] }
  }

  /** Follows the ledger, and resolves once all is folded up to the height that f+1 validators have reached. */
  async catchUp(): Promise<void> {
    const height = await this.#client.height()
    await new Promise<void>((resolve, reject) => {
      if (this.#desk.trust.height() >= height) resolve()
      this.#following = this.#follow(reached => {
        if (reached >= height) resolve()
      }).catch(error => {
        reject(error)
        // without verdicts W is not known any more
        if (!this.#closing.signal.aborted) this.#desk.stopOn(error)
      })
    })
  }

  /** From now on `listener` hears of users whose standing the ledger has changed. */
  onChange(listener: (user: string) => void): void {
    this.#onChange = listener
  }

  async #follow(onReached: (height: number) => void): Promise<void> {
    const { signal } = this.#closing
    const from = this.#desk.trust.height() + 1
    for await (const batch of this.#client.follow(from, ['membership', 'tokenBlock'], signal)) {
      // asked before anything is folded: what is folded is written in the same turn
      const banks = await this.#newBanks(batch)
      await this.#desk.write([this.#takeBatch(batch, banks)])
      onReached(batch.height)
    }
  }

  #takeBatch({ height, answers }: FollowedBatch, banks: readonly KnownBank[]): Change {
    for (const bank of banks) this.#banks.set(bank.fingerprint, bank)
    const changed = new Set<string>()
    const operations = answers.flatMap(answer => {
      const taken = this.take(answer).operations
      if (taken.length > 0) changed.add(toHex(answer.verdict.user!.key))
      return taken
    })
    return {
      operations: [
        ...banks.map(bank => this.#desk.trust.putBank(bank)),
        ...operations,
        this.#desk.trust.putHeight(height),
      ],
      done: () => {
        for (const user of changed) this.#onChange(user)
      },
    }
  }

  async #newBanks({ answers }: FollowedBatch): Promise<KnownBank[]> {
    const banks: KnownBank[] = []
    for (const { digest, verdict } of answers) {
      if (verdict.kind !== 'membership' || verdict.refusal !== undefined) continue
      const bytes = await this.#client.recordBytes(digest)
      if (!bytes) throw new MupibError('pruned', `no validator gives record ${digest}, which is decided`)
      const { record } = decodeRecord(bytes)
      if (record.kind !== 'membership' || record.action !== 'admit' || record.role !== 'bank') continue
      const { name, certificate, tokenValue } = record
      banks.push({ fingerprint: certificate.fingerprint, name, tokenValue })
    }
    return banks
  }

  /** A user's history block by block, each with its proof. */
  async history(user: string): Promise<TrustStepProof[]> {
    // the standing is in memory a write before its steps can be read
    await this.#desk.written()
    return (await this.#desk.trust.steps(user)).map(answer => {
      const { record, signer, user: standing } = decodeRecordVerdict(answer.recordLeaf)
      const { sequence, gammaBefore, gammaAfter } = standing!
      const proof = createProof(answer, this.#desk.home.network, {})
      return { sequence, auditor: signer, record, charged: gammaAfter - gammaBefore, proof }
    })
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#following
  }
}
