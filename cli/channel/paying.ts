// Paying in a session at a rate, for a time or a count: what `channel pay` does.
import { constants, open } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { MupibError } from '../../proto/errors.ts'
import type { Digest } from '../../proto/hash.ts'
import type { SessionClaim } from '../../proto/session/claims.ts'
import { toMupibError } from '../common/errors.ts'
import { percentile, rounded } from '../common/statistics.ts'
import type { ChannelClient, Unit } from './client.ts'
import { noItem } from './client-rules.ts'
import { ChannelConnection } from './connection.ts'
import { channelLimits, isExpired } from './limits.ts'
import type { WalletChannels } from './wallet-channels.ts'

export interface PayWishes {
  /** Payments, at most (default: all that the session has left). */
  readonly count: number | undefined
  /** Payments per second (default: as fast as they are served). */
  readonly rate: number | undefined
  readonly seconds: number | undefined
  /** Units paid before they came, at most: what is at risk. */
  readonly ahead: number
  /** File that takes what is delivered. */
  readonly out: string | undefined
}

/** How far a run of payments is; money in minor units. */
export interface Progress {
  readonly session: Digest
  /** Payments of this run, and the units that came for them. */
  readonly paid: number
  readonly served: number
  readonly seconds: number
  readonly perSecond: number
  /** Of the whole session. */
  readonly spent: bigint
  readonly left: number
}

/** What it came to. */
export interface Paid extends Progress {
  /** From payment to unit, in milliseconds. */
  readonly p50Ms: number | null
  readonly p99Ms: number | null
  /** Why it ended before its time. */
  readonly ended: string | null
}

/** How long, at the end, for the units that are paid and not come, in milliseconds. */
const lastUnitsMs = 5_000

/** A session whose client pays. */
export class Paying {
  readonly #channels: WalletChannels
  readonly #session: Digest
  readonly #connection: ChannelConnection
  readonly #file: UnitFile | undefined
  /** Aborts where the session is settled or at its end, or what is delivered cannot be written. */
  readonly #over: AbortController

  private constructor(
    channels: WalletChannels,
    session: Digest,
    connection: ChannelConnection,
    file: UnitFile | undefined,
    over: AbortController,
  ) {
    this.#channels = channels
    this.#session = session
    this.#connection = connection
    this.#file = file
    this.#over = over
  }

  /** Loads a session and finds its vendor. Throws `not_found`, `undecided`, `unreachable`. */
  static async open(
    channels: WalletChannels,
    session: Digest,
    { ahead = 1, out }: { readonly ahead?: number; readonly out?: string | undefined } = {},
  ): Promise<Paying> {
    const { multiaddrs, chunkBytes } = await channels.listening(session)
    const over = new AbortController()
    const file = out === undefined ? undefined : await openUnits(out, chunkBytes, error => over.abort(error))
    const connection = await ChannelConnection.open(channels, session, multiaddrs, {
      ahead,
      onUnit: unit => file?.take(unit),
      onSettled: error => over.abort(error),
    })
    return new Paying(channels, session, connection, file, over)
  }

  /** Ends the session with the vendor. Throws `timeout` where it does not answer, `refused` where it does not agree. */
  async close(limitMs: number): Promise<SessionClaim> {
    const timeout = AbortSignal.timeout(limitMs)
    const silent = new Promise<never>((_, reject) => {
      timeout.addEventListener('abort', () =>
        reject(
          new MupibError('timeout', 'the vendor does not answer', {
            hint: 'mupib channel close --alone ends the session without it',
          }),
        ),
      )
    })
    return Promise.race([this.#connection.client.close(), silent])
  }

  /** Pays until the wishes are fulfilled, the session is at its end, or the signal comes. */
  async pay(wishes: PayWishes, signal: AbortSignal, onProgress: (progress: Progress) => void): Promise<Paid> {
    const terms = this.#channels.terms(this.#session)
    const run = new Run(this.#connection.client, terms, this.#session, wishes)
    const { expiryMarginMs } = channelLimits
    const ticking = setInterval(() => {
      onProgress(run.progress())
      // a unit that is waited for may never come, and no later payment is refused before it
      if (isExpired({ terms, expiryMarginMs }, Date.now()))
        this.#over.abort(new MupibError('refused', 'not paid: expired'))
    }, 1_000)
    try {
      await run.pay(AbortSignal.any([signal, this.#over.signal]))
      const { aborted, reason } = this.#over.signal
      return run.result(aborted ? toMupibError(reason).message : null)
    } finally {
      clearInterval(ticking)
    }
  }

  async stop(): Promise<void> {
    await this.#connection.stop()
    await this.#file?.close()
  }
}

class Run {
  readonly #client: ChannelClient
  readonly #terms: { readonly unit: bigint; readonly paymentsMax: number }
  readonly #session: Digest
  readonly #wishes: PayWishes
  readonly #startedAt = performance.now()
  readonly #latencies: number[] = []
  readonly #madeBefore: number
  readonly #total: number
  #begun = 0
  #served = 0
  #ended: string | null = null

  constructor(
    client: ChannelClient,
    terms: { readonly unit: bigint; readonly paymentsMax: number },
    session: Digest,
    wishes: PayWishes,
  ) {
    this.#client = client
    this.#terms = terms
    this.#session = session
    this.#wishes = wishes
    this.#madeBefore = client.made
    const left = terms.paymentsMax - client.made
    this.#total = Math.min(wishes.count ?? left, left)
  }

  async pay(signal: AbortSignal): Promise<void> {
    const { seconds, ahead } = this.#wishes
    const over = seconds === undefined ? signal : AbortSignal.any([signal, AbortSignal.timeout(seconds * 1000)])
    // once it is over, what is on its way has some time left
    const impatient = new Promise<void>(resolve => {
      const give = (): void => void setTimeout(resolve, lastUnitsMs).unref()
      if (over.aborted) give()
      else over.addEventListener('abort', give, { once: true })
    })
    // as many at once as may be ahead: the next is paid as soon as one has come
    const payers = Array.from({ length: ahead }, () => this.#payOn(over))
    await Promise.race([Promise.all(payers), impatient])
  }

  async #payOn(over: AbortSignal): Promise<void> {
    const { rate } = this.#wishes
    while (this.#begun < this.#total && !over.aborted && this.#ended === null) {
      const place = this.#begun++
      if (rate !== undefined) {
        const dueMs = this.#startedAt + (place * 1000) / rate - performance.now()
        if (dueMs > 0) await pause(dueMs, undefined, { signal: over }).catch(() => {})
        if (over.aborted) return
      }
      const sentAt = performance.now()
      try {
        await this.#client.pay(noItem)
        this.#served += 1
        this.#latencies.push(performance.now() - sentAt)
      } catch (error) {
        this.#ended ??= toMupibError(error).message
      }
    }
  }

  progress(): Progress {
    const seconds = (performance.now() - this.#startedAt) / 1000
    const { made } = this.#client
    return {
      session: this.#session,
      paid: made - this.#madeBefore,
      served: this.#served,
      seconds: rounded(seconds, 2),
      perSecond: rounded(this.#served / seconds),
      spent: this.#terms.unit * BigInt(made),
      left: this.#terms.paymentsMax - made,
    }
  }

  result(over: string | null): Paid {
    const at = (share: number): number | null => {
      const value = percentile(this.#latencies, share)
      return value === undefined ? null : rounded(value, 2)
    }
    return { ...this.progress(), p50Ms: at(0.5), p99Ms: at(0.99), ended: this.#ended ?? over }
  }
}

interface UnitFile {
  take(unit: Unit): void
  close(): Promise<void>
}

/**
 * A file that takes the pieces which a vendor sells, each at its place: one that comes twice does no harm. `onFailure` is told at once that one
 * was not written, `close` throws it. Throws `usage`, `permission`.
 */
async function openUnits(
  out: string,
  chunkBytes: number | undefined,
  onFailure: (error: unknown) => void,
): Promise<UnitFile> {
  if (chunkBytes === undefined) throw new MupibError('usage', 'this vendor sells no file', { hint: 'leave out --out' })
  const file = await open(out, constants.O_RDWR | constants.O_CREAT)
  let writing: Promise<unknown> = Promise.resolve()
  return {
    take({ index, content }) {
      writing = writing.then(() => file.write(content, 0, content.length, (index - 1) * chunkBytes))
      writing.catch(onFailure)
    },
    async close() {
      try {
        await writing
      } finally {
        await file.close()
      }
    },
  }
}
