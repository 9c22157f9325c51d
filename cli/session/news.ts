// What a party is told of its sessions: those whose certified standing changed above a height, in ledger order. Whoever waits is woken by what
// is learnt of the ledger, and by nothing else.
import { toHex } from '../../proto/bytes.ts'
import { MupibError } from '../../proto/errors.ts'
import type { SessionStanding } from '../../proto/verdict.ts'
import { decodeRecordVerdict } from '../../proto/verdict.ts'
import type { RecordAnswer } from '../../proto/wire/codec.ts'
import type { SessionEvent, SessionStore } from './store.ts'

/** Sessions in one answer, but all of a height. */
const sessionsMax = 256
/** How long somebody waits for news, in milliseconds. */
const waitMs = 30_000
/** How many requests of one party may wait at once. */
const waitersMax = 4

/** A session of a party, as the ledger certified it last. */
export interface SessionNewsItem {
  readonly session: string
  readonly height: number
  readonly standing: SessionStanding
  /** From which anybody can check it by genesis. */
  readonly answer: RecordAnswer
}

export interface SessionNewsPage {
  /** All that changed above the height that was asked for and up to this one is told. */
  readonly height: number
  readonly sessions: readonly SessionNewsItem[]
}

/** What somebody asks for. */
export interface NewsRequest {
  /** Height up to which the caller knows; 0 for everything. */
  readonly after: number
  /** Answer as soon as there is something, or after half a minute. */
  readonly wait: boolean
  /** The caller hung up. */
  readonly signal: AbortSignal
}

export class SessionNews {
  readonly #store: SessionStore
  readonly #waiting = new Map<string, Set<() => void>>()
  #height: number
  #isClosed = false

  /** `height`: up to where the store knows the ledger. */
  constructor(store: SessionStore, height: number) {
    this.#store = store
    this.#height = height
  }

  /** The ledger is known up to a height, and on disk, where sessions of these parties changed. */
  reached(height: number, parties: Iterable<string>): void {
    this.#height = height
    for (const party of parties) for (const wake of this.#waiting.get(party) ?? []) wake()
  }

  /** What changed for a party. Throws `rate_limited` where too many of its requests wait. */
  async read(party: Uint8Array, { after, wait, signal }: NewsRequest): Promise<SessionNewsPage> {
    const page = await this.#page(party, after)
    if (!wait || page.sessions.length > 0) return page
    return this.#wait(party, after, signal)
  }

  async #wait(party: Uint8Array, after: number, signal: AbortSignal): Promise<SessionNewsPage> {
    const name = toHex(party)
    const waiting = this.#waiting.get(name) ?? new Set()
    if (waiting.size >= waitersMax)
      throw new MupibError('rate_limited', `${waitersMax} requests of this party wait already`)
    let isOver = false
    let wake = (): void => {}
    const waker = (): void => wake()
    const end = (): void => {
      isOver = true
      wake()
    }
    const timer = setTimeout(end, waitMs)
    timer.unref()
    signal.addEventListener('abort', end, { once: true })
    this.#waiting.set(name, waiting.add(waker))
    try {
      for (;;) {
        // taken before the store is read: what comes in between is not missed
        const woken = new Promise<void>(resolve => {
          wake = resolve
        })
        const page = await this.#page(party, after)
        if (page.sessions.length > 0 || isOver || signal.aborted || this.#isClosed) return page
        await woken
      }
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      waiting.delete(waker)
      if (waiting.size === 0) this.#waiting.delete(name)
    }
  }

  /** A height is told whole, or not at all: `after` names heights only. */
  async #page(party: Uint8Array, after: number): Promise<SessionNewsPage> {
    // an own record's answer may be there before what the ledger decided in front of it
    const upTo = Math.max(this.#height, after)
    const events: SessionEvent[] = []
    let height = upTo
    for await (const event of this.#store.news(party, after, upTo)) {
      const last = events.at(-1)
      if (last && events.length >= sessionsMax && event.height > last.height) {
        height = last.height
        break
      }
      events.push(event)
    }
    return { height, sessions: events.map(event => this.#item(event)) }
  }

  #item({ session, state, height }: SessionEvent): SessionNewsItem {
    const answer = this.#store.proof(session, state)!
    return { session, height, standing: decodeRecordVerdict(answer.recordLeaf).session!, answer }
  }

  /** Nobody waits any more. */
  close(): void {
    this.#isClosed = true
    for (const waiting of this.#waiting.values()) for (const wake of waiting) wake()
  }
}
