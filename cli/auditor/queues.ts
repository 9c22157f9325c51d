// The users' queues at work: events go through the rules, what they decide goes to disk in one write, and blocks go to the ledger after it. After a
// stop they are put together again from the store, and the ledger is asked first.
import type { LedgerClient, VerifiedAnswer } from '../../node/client/types.ts'
import { layOutTokens } from '../../node/ledger/form.ts'
import { bytesOfHex } from '../../proto/bytes.ts'
import { decodeHeader } from '../../proto/chain.ts'
import { type Digest, zeroDigest } from '../../proto/hash.ts'
import { type SignedRecord, signRecord, type TokenBlock, type TrustTerms } from '../../proto/records.ts'
import { checkAgainstLedger } from '../common/stream.ts'
import { factsOf } from './check.ts'
import type { Change, Desk } from './desk.ts'
import type { Findings } from './findings.ts'
import {
  createUserState,
  type Effect,
  type OpenBlock,
  type OpenPayment,
  step,
  tokensOf,
  type UserEvent,
  type UserState,
} from './rules.ts'
import type { Rulings } from './rulings.ts'
import type { Settling } from './settling.ts'
import type { TakenPayment } from './store.ts'
import type { TrustBook } from './trust-book.ts'

export type QueueState = UserState<TakenPayment>

/** Users whose stream is held to the ledger at once. */
const checkedAtOnce = 256
/** Longest time that a timer takes. */
const timerMsMax = 2 ** 31 - 1

interface User {
  readonly name: string
  readonly terms: TrustTerms
  state: QueueState
  /** Of the last decided own block, among the user's blocks of all auditors. */
  lastSequence: number
  /** The record of the open block. */
  record: SignedRecord<TokenBlock> | undefined
  /** Resolves once the ledger's head is known to be the own one. */
  checked: Promise<void> | undefined
  /** What waits for the user to have nothing open. */
  idle: (() => void)[]
}

/** What queues hand on to. */
export interface QueueParts {
  readonly client: LedgerClient
  readonly book: TrustBook
  readonly settling: Settling
  readonly rulings: Rulings
  readonly findings: Findings
}

export class Queues {
  readonly #desk: Desk
  readonly #parts: QueueParts
  readonly #users = new Map<string, User>()
  #timer: NodeJS.Timeout | undefined
  #flushAt = Number.POSITIVE_INFINITY
  #blocks = 0

  constructor(desk: Desk, parts: QueueParts) {
    this.#desk = desk
    this.#parts = parts
  }

  /** Puts every user's queue together and holds it to the ledger. Throws `store_behind`. */
  async load(): Promise<void> {
    const names = await this.#desk.store.users()
    for (const name of names) this.#users.set(name, await this.#load(name))
    for (let from = 0; from < names.length; from += checkedAtOnce)
      await Promise.all(names.slice(from, from + checkedAtOnce).map(name => this.#check(this.#users.get(name)!)))
  }

  /** Submits what awaits its verdict, and goes on by the W that is. */
  resume(): void {
    for (const user of this.#users.values()) {
      this.#blocks += user.state.last.number
      if (user.record) void this.#submit(user, user.record)
      this.noteTrust(user.name)
      this.#planFlush(user)
    }
  }

  /** A user as the store has it: what was delivered is queued, what was told to wait is held, what is in the open block is there. */
  async #load(name: string): Promise<User> {
    const { store } = this.#desk
    const kept = store.user(name)!
    const open = await store.openPayments(name)
    const payments = open.map((each): OpenPayment<TakenPayment> => ({ ...each, facts: factsOf(each.payment.payment) }))
    const number = kept.last.number + 1
    const block = store.block(name, number)
    const inBlock = new Set(block?.sequences)
    const answers = new Map(payments.map(({ digest }) => [digest, store.payments.ruling(digest)?.statement.answer]))
    const outside = payments.filter(({ sequence }) => !inBlock.has(sequence))
    const blocked = payments.filter(({ sequence }) => inBlock.has(sequence))
    const queue = outside.filter(({ digest }) => answers.get(digest) === 'deliver')
    const standing = this.#parts.book.standing(name)
    const state: QueueState = {
      ...createUserState<TakenPayment>(kept.last, standing.blockSize, this.#desk.home.own.early),
      queue,
      queuedTokens: tokensOf(queue),
      held: outside.filter(({ digest }) => answers.get(digest) === 'wait'),
      block: block && {
        number,
        previous: kept.last.digest,
        pending: block.record.record.pending,
        tokens: tokensOf(blocked),
        payments: blocked,
      },
      awaitsTrust: standing.sequence < kept.lastSequence ? { pending: kept.lastPending } : undefined,
      nextSequence: (payments.at(-1)?.sequence ?? -1) + 1,
    }
    const { terms, lastSequence } = kept
    return { name, terms, state, lastSequence, record: block?.record, checked: undefined, idle: [] }
  }

  #user(name: string): User {
    const known = this.#users.get(name)
    if (known) return known
    const { blockSize, terms } = this.#parts.book.standing(name)
    const head = { number: 0, digest: zeroDigest }
    const state = createUserState<TakenPayment>(head, blockSize, this.#desk.home.own.early)
    const user: User = { name, terms, state, lastSequence: 0, record: undefined, checked: undefined, idle: [] }
    this.#users.set(name, user)
    // asked while the queue fills, so that the first block does not wait for it
    this.#check(user).catch(error => this.#desk.stopOn(error))
    return user
  }

  /** Holds the user's stream to the ledger's, once: an old copy of the store would sign a number twice. */
  #check(user: User): Promise<void> {
    user.checked ??= this.#parts.client.streamHead('tokenBlock', bytesOfHex(user.name)).then(head => {
      const { last, block } = user.state
      const open = block && user.record ? [{ number: block.number, digest: user.record.digest }] : []
      checkAgainstLedger({ decided: last, open }, head, `blocks of user ${user.name}`)
    })
    return user.checked
  }

  /** Places a payment; `more` is written with what follows from it. False where too many wait already: then nothing is. */
  place(name: string, digest: Digest, payment: TakenPayment, more: Change): boolean {
    const user = this.#user(name)
    const event = { type: 'present', digest, facts: factsOf(payment.payment), payment, now: Date.now() } as const
    const { state, effects } = step(user.state, event)
    if (effects.some(({ type }) => type === 'full')) return false
    const isNew = user.state.nextSequence === 0 && state.nextSequence > 0 && state.last.number === 0
    user.state = state
    this.#perform(user, isNew ? [more, this.#keepUser(user)] : [more], effects)
    return true
  }

  #keepUser({ name, terms, state, lastSequence }: User, last = state.last, lastPending = false): Change {
    return { operations: [this.#desk.store.putUser(name, { terms, last, lastSequence, lastPending })] }
  }

  #step(user: User, event: UserEvent<TakenPayment>): void {
    const { state, effects } = step(user.state, event)
    user.state = state
    this.#perform(user, [], effects)
  }

  /** What was decided goes to disk in one write, and out only after that. */
  #perform(user: User, first: readonly Change[], effects: readonly Effect<TakenPayment>[]): void {
    const changes = [...first, ...effects.map(effect => this.#changeOf(user, effect))]
    const wake: Change = { operations: [], done: () => this.#wakeIdle(user) }
    if (changes.some(({ operations }) => operations.length > 0)) void this.#desk.write([...changes, wake])
    else this.#wakeIdle(user)
    this.#planFlush(user)
  }

  #changeOf(user: User, effect: Effect<TakenPayment>, notBefore = 0): Change {
    const { store } = this.#desk
    switch (effect.type) {
      case 'keep':
        return { operations: [store.putOpenPayment(user.name, effect.payment)] }
      case 'drop':
        return { operations: [store.dropOpenPayment(user.name, effect.payment.sequence)] }
      case 'answer':
        return this.#parts.rulings.rule(effect.digest, { ...effect.answer, notBefore })
      case 'settle':
        return this.#parts.settling.settle(effect.payment)
      case 'submit': {
        const record = this.#recordOf(user, effect.block)
        user.record = record
        const sequences = effect.block.payments.map(({ sequence }) => sequence)
        return {
          operations: store.putBlock(user.name, { record, sequences }),
          done: () => void this.#submit(user, record),
        }
      }
      case 'advance':
        return this.#keepUser(user, effect.last, effect.block.pending)
      case 'discard':
        return { operations: [store.dropBlock(user.name, effect.block.number)] }
      case 'full':
        return { operations: [] }
    }
  }

  #recordOf({ name, terms }: User, block: OpenBlock<TakenPayment>): SignedRecord<TokenBlock> {
    const { number, previous, pending, payments } = block
    const { network, fingerprint: signer, key } = this.#desk.home
    const { groups, transactions } = layOutTokens(payments.map(({ payment }) => payment.payment))
    const content: TokenBlock = {
      kind: 'tokenBlock',
      network,
      signer,
      number,
      previous,
      user: bytesOfHex(name),
      pending,
      terms: number === 1 ? terms : undefined,
      groups,
      transactions,
    }
    return signRecord(content, key)
  }

  #wakeIdle(user: User): void {
    const { block, awaitsTrust, queue, held, refusal } = user.state
    if (block || awaitsTrust || (refusal === undefined && queue.length + held.length > 0)) return
    for (const wake of user.idle.splice(0)) wake()
  }

  async #submit(user: User, record: SignedRecord<TokenBlock>): Promise<void> {
    try {
      await this.#check(user)
      const start = performance.now()
      const answer = await this.#parts.client.submit(record)
      this.#decided(user, answer, performance.now() - start)
    } catch (error) {
      this.#desk.stopOn(error)
    }
  }

  #decided(user: User, decided: VerifiedAnswer, latencyMs: number): void {
    const { digest, verdict, transactions, answer, height } = decided
    const { log, store } = this.#desk
    user.record = undefined
    const { number, refusal } = verdict
    if (refusal !== undefined) {
      log({ kind: 'block_refused', user: user.name, number, record: digest, refusal })
      this.#step(user, { type: 'refused', refusal, now: Date.now() })
      return
    }
    this.#blocks += 1
    const block = user.state.block!
    user.lastSequence = verdict.user!.sequence
    const trust = this.#parts.book.take(decided)
    const now = Date.now()
    const { effects, state } = step(user.state, { type: 'decided', digest, transactions, now })
    const standing = this.#parts.book.standing(user.name)
    const isReached = standing.sequence >= user.lastSequence
    const after = isReached
      ? step(state, { type: 'trust', blockSize: standing.blockSize, now })
      : { state, effects: [] }
    user.state = after.state
    // the pending payment is settled before the block is booked
    const { time } = decodeHeader(answer.header)
    const settled = effects.map(effect => this.#changeOf(user, effect, time))
    const books = this.#parts.settling.book({ user: user.name, block, record: digest, height, transactions })
    const findings = this.#parts.findings.inVerdicts(user.name, number, transactions)
    const kept = { operations: [store.putBlockAnswer(user.name, number, { answer, latencyMs })] }
    this.#perform(user, [kept, trust, ...settled, books, findings], after.effects)
    log({ kind: 'block_decided', user: user.name, number, height, latencyMs: Math.round(latencyMs * 10) / 10 })
  }

  /** The ledger may have changed the W of a user; one that waits for an own block's place in it goes on only when that is reached. */
  noteTrust(name: string): void {
    const user = this.#users.get(name)
    if (!user) return
    const { sequence, blockSize } = this.#parts.book.standing(name)
    if (sequence >= user.lastSequence) this.#step(user, { type: 'trust', blockSize, now: Date.now() })
  }

  /** Sends what is queued, of one user or of all, and resolves when nothing is open any more; says how many users had something. */
  async flush(name?: string): Promise<number> {
    const users =
      name === undefined ? [...this.#users.values()] : [this.#users.get(name)].filter(user => user !== undefined)
    const busy = users.filter(
      ({ state }) => state.block || state.awaitsTrust || state.queue.length > 0 || state.held.length > 0,
    )
    const idle = busy.map(user => new Promise<void>(resolve => user.idle.push(resolve)))
    for (const user of busy) this.#step(user, { type: 'flush', now: Date.now() })
    await Promise.all(idle)
    return busy.length
  }

  /** A queue is sent before its tokens can expire: at the earliest payBy in it. */
  #planFlush({ state }: User): void {
    // a flush that is under way sends them; one that the ledger refused is an operator's to repeat
    if (state.isFlushing || state.refusal !== undefined) return
    for (const { facts } of state.queue) {
      if (facts.payBy >= this.#flushAt) continue
      this.#flushAt = facts.payBy
      clearTimeout(this.#timer)
      this.#timer = setTimeout(() => this.#flushDue(), Math.min(timerMsMax, Math.max(0, facts.payBy - Date.now())))
      this.#timer.unref()
    }
  }

  #flushDue(): void {
    this.#flushAt = Number.POSITIVE_INFINITY
    const now = Date.now()
    for (const user of this.#users.values()) {
      const { queue, isFlushing, refusal } = user.state
      if (isFlushing || refusal !== undefined) continue
      if (queue.some(({ facts }) => facts.payBy <= now)) this.#step(user, { type: 'flush', now })
      else this.#planFlush(user)
    }
  }

  states(): ReadonlyMap<string, QueueState> {
    return new Map([...this.#users].map(([name, { state }]) => [name, state]))
  }

  state(user: string): QueueState | undefined {
    return this.#users.get(user)?.state
  }

  get decidedBlocks(): number {
    return this.#blocks
  }

  close(): void {
    clearTimeout(this.#timer)
  }
}
