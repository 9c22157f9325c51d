// What a client has open with validators. Each request bears one id at all of them; it is begun at every validator that is connected,
// and again at each that connects later, until it is settled.
import type { Digest } from '../../proto/hash.ts'
import type { ClientFrame, RecordAnswer } from '../../proto/wire/codec.ts'
import { clientSettings } from './settings.ts'
import type { VerifiedAnswer } from './types.ts'
import type { ValidatorLink } from './validator-link.ts'

/** What requests need of the client. */
export interface RequestContext {
  /** Connected validators, those that are silent or were caught lying last. */
  links(): readonly ValidatorLink[]
  /** Faults that the network bears. */
  readonly faults: number
  readonly quorum: number
  /** Monotonic milliseconds. */
  now(): number
  random(): number
  /** Verifies an answer; undefined where it does not hold, and then its sender is distrusted. */
  verified(link: ValidatorLink, answer: RecordAnswer, digest: Digest | undefined): VerifiedAnswer | undefined
  /** It sent what does not hold: it is asked last from then on. */
  distrust(link: ValidatorLink, reason: string): void
  /** Ends the request. */
  settle(request: Request): void
}

export interface Request {
  readonly id: number
  /** Sends it to a validator that is connected. */
  begin(link: ValidatorLink): void
  receive(link: ValidatorLink, frame: ClientFrame): void
  /** The session ended; what it owed will not come. */
  down(link: ValidatorLink): void
  /** Called now and then while the request is open. */
  tick(now: number): void
  /** The client closes. */
  stop(error: Error): void
}

/** Refusals that pass: the same bytes may be taken later. */
const passing = new Set([
  'rate_limited',
  'stopped',
  'timeout',
  'disk_full',
  'too_many_files',
  'store_write_failed',
  'needs_rejoin',
  'outcome_differs',
  'bug',
])

export const mayPass = (code: string): boolean => passing.has(code)

/** Capped exponential pauses: half to all of the next one. */
export function nextPause(attempt: number, firstMs: number, capMs: number, random: () => number): number {
  return Math.min(capMs, firstMs * 2 ** Math.min(attempt, 20)) * (0.5 + 0.5 * random())
}

/** Validators that could not do now what they were asked, and when each is asked again. */
export class Retries {
  readonly #context: RequestContext
  readonly #pauses = new Map<ValidatorLink, { attempt: number; at: number }>()

  constructor(context: RequestContext) {
    this.#context = context
  }

  later(link: ValidatorLink): void {
    const attempt = this.#pauses.get(link)?.attempt ?? 0
    const { retryFirstMs, retryCapMs } = clientSettings
    const pause = nextPause(attempt, retryFirstMs, retryCapMs, this.#context.random)
    this.#pauses.set(link, { attempt: attempt + 1, at: this.#context.now() + pause })
  }

  /** It went, and begins anew when it is back. */
  forget(link: ValidatorLink): void {
    this.#pauses.delete(link)
  }

  /** Those whose pause is over; each is named once. */
  due(now: number): ValidatorLink[] {
    const due: ValidatorLink[] = []
    for (const [link, pause] of this.#pauses) {
      if (now < pause.at) continue
      pause.at = Number.POSITIVE_INFINITY
      due.push(link)
    }
    return due
  }
}
