// Questions to all validators at once, settled by f+1 of them where no proof can settle them.
import type { Digest } from '../../proto/hash.ts'
import type { RecordKind } from '../../proto/records.ts'
import { type ClientFrame, encodeClientFrame } from '../../proto/wire/codec.ts'
import { nextPause, type Request, type RequestContext, Retries } from './requests.ts'
import { clientSettings } from './settings.ts'
import type { StreamHead, VerifiedAnswer } from './types.ts'
import type { ValidatorLink } from './validator-link.ts'

/** What became of a record: a verified answer from anyone, or "not decided" from f+1. */
export class RecordQuestion implements Request {
  readonly id: number
  readonly answered: Promise<VerifiedAnswer | undefined>
  readonly #digest: Digest
  readonly #context: RequestContext
  readonly #undecided = new Set<number>()
  readonly #retries: Retries
  #resolve!: (answer: VerifiedAnswer | undefined) => void
  #reject!: (error: Error) => void

  constructor(id: number, digest: Digest, context: RequestContext) {
    this.id = id
    this.#digest = digest
    this.#context = context
    this.#retries = new Retries(context)
    this.answered = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  begin(link: ValidatorLink): void {
    link.send(encodeClientFrame({ id: this.id, type: 'queryRecord', digest: this.#digest }))
  }

  receive(link: ValidatorLink, frame: ClientFrame): void {
    if (frame.type === 'answer') {
      const answer = this.#context.verified(link, frame.answer, this.#digest)
      if (answer) this.#settle(answer)
    } else if (frame.type === 'received' && frame.digest === this.#digest && frame.state !== 'decided') {
      this.#undecided.add(link.index)
      if (this.#undecided.size > this.#context.faults) this.#settle(undefined)
    } else {
      this.#retries.later(link)
    }
  }

  #settle(answer: VerifiedAnswer | undefined): void {
    this.#context.settle(this)
    this.#resolve(answer)
  }

  down(link: ValidatorLink): void {
    this.#retries.forget(link)
  }

  tick(now: number): void {
    for (const link of this.#retries.due(now)) this.begin(link)
  }

  stop(error: Error): void {
    this.#reject(error)
  }
}

/** The newest height that f+1 validators have reached: of a quorum that one of them lied about changes nothing. */
export class HeightQuestion implements Request {
  readonly id: number
  readonly answered: Promise<number>
  readonly #context: RequestContext
  readonly #heights = new Map<number, number>()
  readonly #retries: Retries
  readonly #gatherUntil: number
  #resolve!: (height: number) => void
  #reject!: (error: Error) => void

  constructor(id: number, context: RequestContext) {
    this.id = id
    this.#context = context
    this.#retries = new Retries(context)
    this.#gatherUntil = context.now() + clientSettings.gatherMs
    this.answered = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  begin(link: ValidatorLink): void {
    link.send(encodeClientFrame({ id: this.id, type: 'queryStatus' }))
  }

  receive(link: ValidatorLink, frame: ClientFrame): void {
    if (frame.type !== 'status') {
      this.#retries.later(link)
      return
    }
    this.#heights.set(link.index, frame.status.height)
    this.#trySettle(this.#context.now())
  }

  /** Waits for a quorum, so that those who lie low are outnumbered; for f+1 where no more come. */
  #trySettle(now: number): void {
    const { faults, quorum } = this.#context
    if (this.#heights.size < (now >= this.#gatherUntil ? faults + 1 : quorum)) return
    this.#context.settle(this)
    this.#resolve([...this.#heights.values()].sort((a, b) => b - a)[faults]!)
  }

  down(link: ValidatorLink): void {
    this.#retries.forget(link)
  }

  tick(now: number): void {
    for (const link of this.#retries.due(now)) this.begin(link)
    this.#trySettle(now)
  }

  stop(error: Error): void {
    this.#reject(error)
  }
}

/** The head of a stream, as f+1 validators report it. */
export class HeadQuestion implements Request {
  readonly id: number
  readonly answered: Promise<StreamHead>
  readonly #frame: Uint8Array
  readonly #context: RequestContext
  readonly #heads = new Map<number, StreamHead>()
  #gatherUntil: number
  #attempt = 0
  #askAgainAt = Number.POSITIVE_INFINITY
  #resolve!: (head: StreamHead) => void
  #reject!: (error: Error) => void

  constructor(
    id: number,
    stream: { readonly kind: RecordKind; readonly signer: Digest; readonly user: Uint8Array | undefined },
    context: RequestContext,
  ) {
    this.id = id
    this.#context = context
    this.#frame = encodeClientFrame({ id, type: 'queryStream', ...stream })
    this.#gatherUntil = context.now() + clientSettings.gatherMs
    this.answered = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  begin(link: ValidatorLink): void {
    link.send(this.#frame)
  }

  receive(link: ValidatorLink, frame: ClientFrame): void {
    if (frame.type === 'streamHead') {
      this.#heads.set(link.index, { number: frame.number, digest: frame.digest })
      this.#trySettle(this.#context.now())
    } else if (this.#askAgainAt === Number.POSITIVE_INFINITY) {
      this.#askAgain(this.#context.now())
    }
  }

  /** Waits for a quorum, so that a head which one lagging validator does not know is not missed; for f+1 where no more come. */
  #trySettle(now: number): void {
    const wanted = now >= this.#gatherUntil ? this.#context.faults + 1 : this.#context.quorum
    const isComplete = this.#context.links().every(link => this.#heads.has(link.index)) || now >= this.#gatherUntil
    if (this.#heads.size < wanted || !isComplete) return
    const confirmed = highestConfirmed([...this.#heads.values()], this.#context.faults + 1)
    if (confirmed) {
      this.#context.settle(this)
      this.#resolve(confirmed)
    } else if (this.#askAgainAt === Number.POSITIVE_INFINITY) {
      // they differ while a block becomes final: a moment later they do not
      this.#askAgain(now)
    }
  }

  #askAgain(now: number): void {
    const { retryFirstMs, retryCapMs } = clientSettings
    this.#askAgainAt = now + nextPause(this.#attempt, retryFirstMs, retryCapMs, this.#context.random)
    this.#attempt += 1
  }

  down(link: ValidatorLink): void {
    this.#heads.delete(link.index)
  }

  tick(now: number): void {
    if (now >= this.#askAgainAt) {
      this.#askAgainAt = Number.POSITIVE_INFINITY
      this.#heads.clear()
      for (const link of this.#context.links()) this.begin(link)
    } else if (now >= this.#gatherUntil) {
      this.#trySettle(now)
    }
  }

  stop(error: Error): void {
    this.#reject(error)
  }
}

/** The head with the highest number that so many report alike. */
export function highestConfirmed(heads: readonly StreamHead[], confirmations: number): StreamHead | undefined {
  let best: StreamHead | undefined
  for (const head of heads) {
    const alike = heads.filter(other => other.number === head.number && other.digest === head.digest).length
    if (alike >= confirmations && (best === undefined || head.number > best.number)) best = head
  }
  return best
}
