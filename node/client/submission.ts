// One record on its way to a verdict. It goes to every validator; one is asked for the answer, the others only when that one goes,
// stays silent, or answers with what does not hold.
import { MupibError } from '../../proto/errors.ts'
import type { SignedRecord } from '../../proto/records.ts'
import { type ClientFrame, encodeClientFrame } from '../../proto/wire/codec.ts'
import { mayPass, nextPause, type Request, type RequestContext, Retries } from './requests.ts'
import { clientSettings } from './settings.ts'
import type { VerifiedAnswer } from './types.ts'
import type { ValidatorLink } from './validator-link.ts'

export class Submission implements Request {
  readonly id: number
  readonly answered: Promise<VerifiedAnswer>
  readonly record: SignedRecord
  readonly #context: RequestContext
  readonly #frame: Uint8Array
  #askingFrame: Uint8Array | undefined
  /** Who owes the answer, and since when. */
  readonly #asked = new Map<ValidatorLink, number>()
  readonly #refusals = new Map<number, MupibError>()
  readonly #retries: Retries
  #repeats = 0
  #repeatAt: number
  #resolve!: (answer: VerifiedAnswer) => void
  #reject!: (error: Error) => void

  constructor(id: number, record: SignedRecord, context: RequestContext) {
    this.id = id
    this.record = record
    this.#context = context
    this.#retries = new Retries(context)
    this.#frame = encodeClientFrame({ id, type: 'submit', record: record.bytes, spread: true, answer: false })
    this.#repeatAt = context.now() + clientSettings.repeatFirstMs
    this.answered = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  begin(link: ValidatorLink): void {
    if (this.#asked.size === 0) this.#ask(link)
    else link.send(this.#frame)
  }

  #ask(link: ValidatorLink): void {
    this.#askingFrame ??= encodeClientFrame({
      id: this.id,
      type: 'submit',
      record: this.record.bytes,
      spread: true,
      answer: true,
    })
    this.#asked.set(link, this.#context.now())
    link.send(this.#askingFrame)
  }

  /** Asks the connected validators that were not asked; `all` of them or the best one. */
  #askOthers(all: boolean): void {
    for (const link of this.#context.links()) {
      if (this.#asked.has(link)) continue
      this.#ask(link)
      if (!all) return
    }
  }

  receive(link: ValidatorLink, frame: ClientFrame): void {
    if (frame.type === 'answer') {
      const answer = this.#context.verified(link, frame.answer, this.record.digest)
      if (answer) {
        this.#context.settle(this)
        this.#resolve(answer)
      } else {
        this.#asked.delete(link)
        this.#askOthers(true)
      }
    } else if (frame.type === 'error') {
      this.#refused(
        link,
        new MupibError(frame.code, frame.message, frame.hint === undefined ? {} : { hint: frame.hint }),
      )
    }
  }

  #refused(link: ValidatorLink, error: MupibError): void {
    const wasAsked = this.#asked.delete(link)
    if (mayPass(error.code)) {
      this.#retries.later(link)
    } else {
      this.#refusals.set(link.index, error)
      // one liar alone cannot refuse a record
      if (this.#refusals.size > this.#context.faults) {
        this.#context.settle(this)
        this.#reject(error)
        return
      }
    }
    if (wasAsked && this.#asked.size === 0) {
      const other = this.#context.links().find(candidate => candidate !== link && !this.#refusals.has(candidate.index))
      if (other) this.#ask(other)
    }
  }

  down(link: ValidatorLink): void {
    this.#retries.forget(link)
    if (this.#asked.delete(link) && this.#asked.size === 0) this.#askOthers(false)
  }

  tick(now: number): void {
    const { silenceMs, answerMs, repeatFirstMs, repeatCapMs } = clientSettings
    let isOverdue = this.#asked.size > 0
    for (const [link, since] of this.#asked) {
      if (now - Math.max(link.heardAt, since) >= silenceMs) link.isSilent = true
      else if (now - since < answerMs) isOverdue = false
    }
    if (isOverdue) this.#askOthers(true)
    for (const link of this.#retries.due(now)) this.begin(link)
    if (now < this.#repeatAt) return
    this.#repeats += 1
    this.#repeatAt = now + nextPause(this.#repeats, repeatFirstMs, repeatCapMs, this.#context.random)
    for (const link of this.#context.links()) this.#ask(link)
  }

  stop(error: Error): void {
    this.#reject(error)
  }
}
