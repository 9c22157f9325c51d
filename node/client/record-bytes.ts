// The bytes of a decided record. Their digest says whether they are right, so one validator is asked; the others where it goes, stays
// silent, sends something else or has none. That nobody has them is taken from f+1.
import type { Digest } from '../../proto/hash.ts'
import { digestOfRecordBytes } from '../../proto/records.ts'
import { type ClientFrame, encodeClientFrame } from '../../proto/wire/codec.ts'
import { type Request, type RequestContext, Retries } from './requests.ts'
import { clientSettings } from './settings.ts'
import type { ValidatorLink } from './validator-link.ts'

export class RecordBytesQuestion implements Request {
  readonly id: number
  readonly answered: Promise<Uint8Array | undefined>
  readonly #digest: Digest
  readonly #context: RequestContext
  readonly #frame: Uint8Array
  /** Who owes an answer, and since when. */
  readonly #owing = new Map<ValidatorLink, number>()
  /** Who was asked in its present session. */
  readonly #asked = new Set<ValidatorLink>()
  #isForAll = false
  /** Who is not asked again: it has none, or sent something else. */
  readonly #without = new Set<ValidatorLink>()
  /** How many said that they have none; who sends other bytes has said nothing. */
  #none = 0
  readonly #retries: Retries
  readonly #gatherUntil: number
  #resolve!: (bytes: Uint8Array | undefined) => void
  #reject!: (error: Error) => void

  constructor(id: number, digest: Digest, context: RequestContext) {
    this.id = id
    this.#digest = digest
    this.#context = context
    this.#frame = encodeClientFrame({ id, type: 'fetchRecord', digest })
    this.#retries = new Retries(context)
    this.#gatherUntil = context.now() + clientSettings.gatherMs
    this.answered = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  begin(link: ValidatorLink): void {
    if (this.#isForAll || this.#asked.size === 0) this.#ask(link)
  }

  #ask(link: ValidatorLink): void {
    if (this.#without.has(link)) return
    this.#asked.add(link)
    this.#owing.set(link, this.#context.now())
    link.send(this.#frame)
  }

  #askOthers(): void {
    this.#isForAll = true
    for (const link of this.#context.links()) if (!this.#asked.has(link)) this.#ask(link)
  }

  receive(link: ValidatorLink, frame: ClientFrame): void {
    if (!this.#owing.delete(link)) return
    if (frame.type !== 'record') {
      this.#retries.later(link)
    } else if (frame.record === undefined) {
      this.#without.add(link)
      this.#none += 1
    } else if (digestOfRecordBytes(frame.record) === this.#digest) {
      this.#settle(frame.record)
      return
    } else {
      this.#context.distrust(link, 'other bytes than those of the record')
      this.#without.add(link)
    }
    this.#askOthers()
    this.#trySettle(this.#context.now())
  }

  /** Nobody's word counts before all who are connected have spoken, or time is up: one may have what f+1 do not have yet. */
  #trySettle(now: number): void {
    if (this.#none <= this.#context.faults) return
    if (now < this.#gatherUntil && this.#context.links().some(link => !this.#without.has(link))) return
    this.#settle(undefined)
  }

  #settle(bytes: Uint8Array | undefined): void {
    this.#context.settle(this)
    this.#resolve(bytes)
  }

  down(link: ValidatorLink): void {
    this.#retries.forget(link)
    this.#asked.delete(link)
    if (this.#owing.delete(link)) this.#askOthers()
  }

  tick(now: number): void {
    for (const link of this.#retries.due(now)) this.#ask(link)
    let isOverdue = this.#owing.size > 0
    for (const [link, since] of this.#owing) {
      if (now - Math.max(link.heardAt, since) >= clientSettings.silenceMs) link.isSilent = true
      else if (now - since < clientSettings.answerMs) isOverdue = false
    }
    if (isOverdue) this.#askOthers()
    this.#trySettle(now)
  }

  stop(error: Error): void {
    this.#reject(error)
  }
}
