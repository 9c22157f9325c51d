// The auditor: takes payments, puts them into blocks, and acts on the verdicts. Every decision is persisted before it is told to anybody,
// and after a crash the ledger is asked first.
import { connectLedger } from '../../node/client/client.ts'
import type { LedgerClient, VerifiedAnswer } from '../../node/client/types.ts'
import { layOutTokens } from '../../node/ledger/form.ts'
import type { Database, WriteOp } from '../../node/store/database.ts'
import { openLevelDatabase } from '../../node/store/level-database.ts'
import { bytesOfHex, toHex } from '../../proto/bytes.ts'
import { MupibError } from '../../proto/errors.ts'
import { type Digest, zeroDigest } from '../../proto/hash.ts'
import { type SignedRecord, signRecord, type TokenBlock, type TrustTerms } from '../../proto/records.ts'
import { decodeTransactionVerdict } from '../../proto/verdict.ts'
import type { ActorHome } from '../common/actor-home.ts'
import { type PresentedPayment, paymentDigest } from '../common/payment.ts'
import { checkAgainstLedger } from '../common/stream.ts'
import { type CheckContext, earliestPayBy, staticRefusal } from './check.ts'
import {
  type Answer,
  createUserState,
  type Effect,
  type OpenBlock,
  step,
  type UserEvent,
  type UserState,
} from './rules.ts'
import { AuditorStore, type KeptBlockAnswer } from './store.ts'

export interface AuditorSettings {
  /** W: tokens at which a block closes. */
  readonly blockSize: number
  readonly terms: TrustTerms
}

export type AuditorHome = ActorHome & { readonly own: AuditorSettings }

export interface AuditorOptions {
  readonly home: AuditorHome
  /** The store; opened where the home says when left out. */
  readonly database?: Database
  readonly log?: (event: { readonly kind: string; readonly [field: string]: unknown }) => void
}

/** A payment's answer with the digest that names it. */
export interface Told extends Answer {
  readonly digest: Digest
}

/** Users whose stream is held to the ledger at once. */
const checkedAtOnce = 256
/** Longest time that a timer takes. */
const timerMsMax = 2 ** 31 - 1
/** How long a graceful stop waits for the verdicts on what it flushes. */
const stopFlushMs = 2_000

interface User {
  readonly name: string
  state: UserState
  /** The record of the open block. */
  record: SignedRecord<TokenBlock> | undefined
  /** Resolves once the ledger's head is known to be the own one. */
  checked: Promise<void> | undefined
  /** What waits for the user to have nothing open. */
  idle: (() => void)[]
}

export class Auditor {
  readonly home: AuditorHome
  readonly client: LedgerClient
  readonly store: AuditorStore
  /** Rejects when the auditor cannot go on. */
  readonly failed: Promise<never>
  readonly #log: NonNullable<AuditorOptions['log']>
  readonly #context: CheckContext
  readonly #users = new Map<string, User>()
  /** Answers to payments that are open, or whose last write is under way: newer than the store. */
  readonly #answers = new Map<Digest, { readonly answer: Answer; readonly stored: Promise<void> }>()
  readonly #waiters = new Map<Digest, ((answer: Answer) => void)[]>()
  #isClosed = false
  #timer: NodeJS.Timeout | undefined
  #flushAt = Number.POSITIVE_INFINITY
  #payments = 0
  #blocks = 0
  #fail!: (error: unknown) => void

  private constructor({ home, log }: AuditorOptions, client: LedgerClient, store: AuditorStore) {
    this.home = home
    this.client = client
    this.store = store
    this.#log = log ?? (() => {})
    const values = new Map(
      home.genesis.members
        .filter(({ role }) => role === 'bank')
        .map(bank => [bank.certificate.fingerprint, bank.tokenValue]),
    )
    this.#context = { auditor: home.name, tokenValue: bank => values.get(bank) }
    this.failed = new Promise((_, reject) => {
      this.#fail = reject
    })
    this.failed.catch(() => {})
  }

  /**
   * Opens store and ledger, holds every user's stream to the ledger, and submits again what awaits its verdict.
   * Throws `store_behind` for an old copy of a store, and what opening store and client throws.
   */
  static async open(options: AuditorOptions): Promise<Auditor> {
    const { home, log } = options
    const database =
      options.database ?? (await openLevelDatabase(home.store, { genesisHash: bytesOfHex(home.network) }))
    const store = new AuditorStore(database)
    let client: LedgerClient | undefined
    try {
      const { genesis, seed, peersFile, fingerprint } = home
      client = await connectLedger({ genesis, seed, peersFile, fingerprint, ...(log ? { log } : {}) })
      await client.ready()
      const auditor = new Auditor(options, client, store)
      await auditor.#resume()
      return auditor
    } catch (error) {
      await client?.close()
      await store.close()
      throw error
    }
  }

  async #resume(): Promise<void> {
    const names = await this.store.users()
    for (const name of names) this.#users.set(name, await this.#load(name))
    for (let from = 0; from < names.length; from += checkedAtOnce)
      await Promise.all(names.slice(from, from + checkedAtOnce).map(name => this.#check(this.#users.get(name)!)))
    for (const user of this.#users.values()) {
      this.#blocks += user.state.last.number
      if (user.record) void this.#submit(user, user.record)
      this.#planFlush(user)
    }
  }

  /** A user as the store has it: what was delivered is queued, what was told to wait is held, what is in the open block is there. */
  async #load(name: string): Promise<User> {
    const kept = this.store.user(name) ?? {
      last: { number: 0, digest: zeroDigest },
      blockSize: this.home.own.blockSize,
    }
    const payments = await this.store.openPayments(name)
    const number = kept.last.number + 1
    const block = this.store.block(name, number)
    const inBlock = new Set(block?.sequences)
    const answers = new Map(payments.map(payment => [payment.digest, this.store.answer(payment.digest)]))
    for (const [digest, answer] of answers)
      if (answer?.answer === 'wait') this.#answers.set(digest, { answer, stored: Promise.resolve() })
    const outside = payments.filter(({ sequence }) => !inBlock.has(sequence))
    const open: OpenBlock | undefined = block && {
      number,
      previous: kept.last.digest,
      pending: block.record.record.pending,
      payments: payments.filter(({ sequence }) => inBlock.has(sequence)),
    }
    const state: UserState = {
      ...createUserState(kept.last, kept.blockSize),
      queue: outside.filter(({ digest }) => answers.get(digest)?.answer === 'deliver'),
      held: outside.filter(({ digest }) => answers.get(digest)?.answer === 'wait'),
      block: open,
      nextSequence: (payments.at(-1)?.sequence ?? -1) + 1,
    }
    return { name, state, record: block?.record, checked: undefined, idle: [] }
  }

  #user(name: string): User {
    const known = this.#users.get(name)
    if (known) return known
    const state = createUserState({ number: 0, digest: zeroDigest }, this.home.own.blockSize)
    const user: User = { name, state, record: undefined, checked: undefined, idle: [] }
    this.#users.set(name, user)
    // asked while the queue fills, so that the first block does not wait for it
    this.#check(user).catch(error => this.#stopOn(error))
    return user
  }

  /** Holds the user's stream to the ledger's, once: an old copy of the store would sign a number twice. */
  #check(user: User): Promise<void> {
    user.checked ??= this.client.streamHead('tokenBlock', bytesOfHex(user.name)).then(head => {
      const { last, block } = user.state
      const open = block && user.record ? [{ number: block.number, digest: user.record.digest }] : []
      checkAgainstLedger({ decided: last, open }, head, `blocks of user ${user.name}`)
    })
    return user.checked
  }

  #stopOn(error: unknown): void {
    if (!this.#isClosed) this.#fail(error)
  }

  /** Takes a payment: the answer is on disk before it is told. A payment seen before gets the answer it got. */
  async present(payment: PresentedPayment): Promise<Told> {
    const digest = paymentDigest(this.home.network, payment)
    // looked up and taken in one turn: the same payment coming twice at once is one payment
    const known = this.#knownAnswer(digest)
    if (known) {
      await known.stored
      return { digest, ...known.answer }
    }
    const refusal = staticRefusal(payment, digest, this.#context)
    if (refusal) return { digest, answer: 'rejected', reason: refusal }
    const name = toHex(payment.holder)
    const effects = this.#step(this.#user(name), { type: 'present', digest, payment, now: Date.now() })
    if (effects.some(({ type }) => type === 'full'))
      throw new MupibError('rate_limited', 'too many payments of this user wait for a verdict', {
        hint: 'present it again after the verdict',
      })
    this.#payments += 1
    const told = effects.find(effect => effect.type === 'answer' && effect.digest === digest)
    await this.#answers.get(digest)?.stored
    if (told?.type !== 'answer') throw new MupibError('bug', 'a payment without an answer')
    return { digest, ...told.answer }
  }

  #knownAnswer(digest: Digest): { readonly answer: Answer; readonly stored?: Promise<void> } | undefined {
    const recent = this.#answers.get(digest)
    if (recent) return recent
    const answer = this.store.answer(digest)
    return answer && { answer }
  }

  /** The last word on a payment; waits for its verdict where asked to. Throws `not_found`. */
  async settled(digest: Digest, wait: boolean): Promise<Told> {
    const known = this.#knownAnswer(digest)
    if (!known) throw new MupibError('not_found', `no payment ${digest} was presented here`)
    if (known.answer.answer === 'wait' && wait) {
      const answer = await new Promise<Answer>(resolve => {
        this.#waiters.set(digest, [...(this.#waiters.get(digest) ?? []), resolve])
      })
      return { digest, ...answer }
    }
    await known.stored
    return { digest, ...known.answer }
  }

  /** Runs a step: the new state counts at once, its effects go to disk in one write, and out only after that. */
  #step(user: User, event: UserEvent, more: readonly WriteOp[] = []): readonly Effect[] {
    const { state, effects } = step(user.state, event)
    const isNew = user.state.nextSequence === 0 && user.state.last.number === 0
    user.state = state
    const operations = effects.flatMap(effect => this.#operationsOf(user, effect))
    if (isNew && operations.length > 0) operations.push(this.store.putUser(user.name, state))
    const answered = effects.filter(effect => effect.type === 'answer')
    if (operations.length + more.length === 0) return effects
    const stored = this.store.write([...operations, ...more])
    for (const { digest, answer } of answered) this.#answers.set(digest, { answer, stored })
    stored.then(
      () => this.#afterWrite(user, effects),
      error => this.#stopOn(error),
    )
    this.#planFlush(user)
    return effects
  }

  #operationsOf(user: User, effect: Effect): WriteOp[] {
    switch (effect.type) {
      case 'keep':
        return [this.store.putPayment(user.name, effect.payment)]
      case 'drop':
        return [this.store.dropPayment(user.name, effect.payment)]
      case 'answer':
        // what was not taken is judged anew each time: only what was taken has an answer for good
        return this.#isTaken(effect) ? [this.store.putAnswer(effect.digest, effect.answer)] : []
      case 'submit': {
        user.record = this.#recordOf(user.name, effect.block)
        const sequences = effect.block.payments.map(({ sequence }) => sequence)
        return this.store.putBlock(user.name, { record: user.record, sequences })
      }
      case 'advance':
        return [this.store.putUser(user.name, { last: effect.last, blockSize: user.state.blockSize })]
      case 'discard':
        return [this.store.dropBlock(user.name, effect.block.number)]
      case 'full':
        return []
    }
  }

  #isTaken({ digest, answer }: Effect & { type: 'answer' }): boolean {
    return answer.answer !== 'rejected' || this.#answers.has(digest)
  }

  #recordOf(name: string, { number, previous, pending, payments }: OpenBlock): SignedRecord<TokenBlock> {
    const { groups, transactions } = layOutTokens(payments.map(({ payment }) => payment))
    const content: TokenBlock = {
      kind: 'tokenBlock',
      network: this.home.network,
      signer: this.home.fingerprint,
      number,
      previous,
      user: bytesOfHex(name),
      pending,
      terms: number === 1 ? this.home.own.terms : undefined,
      groups,
      transactions: transactions.map(({ time, information, signature, tokens }) => ({
        time,
        information,
        signature,
        tokens,
      })),
    }
    return signRecord(content, this.home.key)
  }

  #afterWrite(user: User, effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.type === 'submit' && user.record) void this.#submit(user, user.record)
      else if (effect.type === 'answer' && effect.answer.answer !== 'wait') this.#settle(effect.digest, effect.answer)
    }
    const { block, queue, held, refusal } = user.state
    if (!block && (refusal !== undefined || queue.length + held.length === 0))
      for (const wake of user.idle.splice(0)) wake()
  }

  #settle(digest: Digest, answer: Answer): void {
    for (const tell of this.#waiters.get(digest) ?? []) tell(answer)
    this.#waiters.delete(digest)
    // from here on the store answers
    if (this.#answers.get(digest)?.answer === answer) this.#answers.delete(digest)
  }

  async #submit(user: User, record: SignedRecord<TokenBlock>): Promise<void> {
    try {
      await this.#check(user)
      const start = performance.now()
      const answer = await this.client.submit(record)
      this.#decided(user, answer, performance.now() - start)
    } catch (error) {
      this.#stopOn(error)
    }
  }

  #decided(user: User, { digest, verdict, transactions, answer, height }: VerifiedAnswer, latencyMs: number): void {
    user.record = undefined
    const { number, refusal } = verdict
    if (refusal !== undefined) {
      this.#log({ kind: 'block_refused', user: user.name, number, record: digest, refusal })
      this.#step(user, { type: 'refused', refusal, now: Date.now() })
      return
    }
    this.#blocks += 1
    const kept = this.store.putBlockAnswer(user.name, number, { answer, latencyMs })
    this.#step(user, { type: 'decided', digest, transactions, now: Date.now() }, [kept])
    this.#log({ kind: 'block_decided', user: user.name, number, height, latencyMs: Math.round(latencyMs * 10) / 10 })
  }

  /** Sends what is queued, of one user or of all, and resolves when nothing is open any more; says how many users had something. */
  async flush(name?: string): Promise<number> {
    const users =
      name === undefined ? [...this.#users.values()] : [this.#users.get(name)].filter(user => user !== undefined)
    const busy = users.filter(({ state }) => state.block || state.queue.length > 0 || state.held.length > 0)
    const idle = busy.map(user => new Promise<void>(resolve => user.idle.push(resolve)))
    for (const user of busy) this.#step(user, { type: 'flush', now: Date.now() })
    await Promise.all(idle)
    return busy.length
  }

  /** A queue is sent before its tokens can expire: at the earliest payBy in it. */
  #planFlush({ state }: User): void {
    // a flush that is under way sends them; one that the ledger refused is an operator's to repeat
    if (state.isFlushing || state.refusal !== undefined) return
    for (const { payment } of state.queue) {
      const at = earliestPayBy(payment)
      if (at >= this.#flushAt) continue
      this.#flushAt = at
      clearTimeout(this.#timer)
      this.#timer = setTimeout(() => this.#flushDue(), Math.min(timerMsMax, Math.max(0, at - Date.now())))
      this.#timer.unref()
    }
  }

  #flushDue(): void {
    this.#flushAt = Number.POSITIVE_INFINITY
    const now = Date.now()
    for (const user of this.#users.values()) {
      const { queue, isFlushing, refusal } = user.state
      if (isFlushing || refusal !== undefined) continue
      if (queue.some(({ payment }) => earliestPayBy(payment) <= now)) this.#step(user, { type: 'flush', now })
      else this.#planFlush(user)
    }
  }

  states(): ReadonlyMap<string, UserState> {
    return new Map([...this.#users].map(([name, { state }]) => [name, state]))
  }

  blockAnswer(user: string, number: number): KeptBlockAnswer | undefined {
    return this.store.blockAnswer(user, number)
  }

  status(): Record<string, unknown> {
    const states = [...this.#users.values()].map(({ state }) => state)
    const count = (of: (state: UserState) => number): number => states.reduce((sum, state) => sum + of(state), 0)
    return {
      name: this.home.name,
      pid: process.pid,
      state: 'running',
      blockSize: this.home.own.blockSize,
      users: states.length,
      payments: this.#payments,
      queued: count(({ queue }) => queue.length),
      held: count(({ held }) => held.length),
      awaited: count(({ block }) => (block ? 1 : 0)),
      blocks: this.#blocks,
      refused: states.filter(({ refusal }) => refusal !== undefined).length,
      peers: this.client.connections(),
    }
  }

  /** Sends what is queued at the end of a service's day, as far as the ledger answers soon; the rest goes on at the next start. */
  async flushSoon(): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>(resolve => {
      timer = setTimeout(resolve, stopFlushMs)
    })
    await Promise.race([this.flush(), late])
    clearTimeout(timer)
  }

  /** Closes ledger and store. What is open goes on at the next start. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.client.close()
    await this.store.close()
  }
}

/** The verdicts of a block's answer. */
export const transactionsOf = ({ answer }: KeptBlockAnswer) => answer.transactionLeaves.map(decodeTransactionVerdict)
