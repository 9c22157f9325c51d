// Following the ledger through several validators at once: what up to 2f+1 of them tell is merged, and goes out in ledger order once f+1
// say that they have told everything up to there. So a validator that leaves something out changes nothing.
import { MupibError } from '../../proto/errors.ts'
import type { RecordKind } from '../../proto/records.ts'
import { type ClientFrame, encodeClientFrame } from '../../proto/wire/codec.ts'
import type { Request, RequestContext } from './requests.ts'
import type { FollowedBatch, VerifiedAnswer } from './types.ts'
import type { ValidatorLink } from './validator-link.ts'

export class Following implements Request {
  readonly id: number
  readonly #kinds: readonly RecordKind[]
  readonly #context: RequestContext
  /** First height of which not everything is ready to go out. */
  #next: number
  /** Up to which height each validator that is followed has told everything. */
  readonly #told = new Map<ValidatorLink, number>()
  readonly #held = new Map<string, VerifiedAnswer>()
  #ready: VerifiedAnswer[] = []
  #wake: (() => void) | undefined
  #end: Error | 'aborted' | undefined

  constructor(id: number, fromHeight: number, kinds: readonly RecordKind[], context: RequestContext) {
    this.id = id
    this.#next = fromHeight
    this.#kinds = kinds
    this.#context = context
  }

  begin(link: ValidatorLink): void {
    if (this.#told.has(link) || this.#told.size >= 2 * this.#context.faults + 1) return
    this.#told.set(link, this.#next - 1)
    link.send(encodeClientFrame({ id: this.id, type: 'follow', fromHeight: this.#next, kinds: this.#kinds }))
  }

  receive(link: ValidatorLink, frame: ClientFrame): void {
    if (!this.#told.has(link)) return
    if (frame.type === 'answer') {
      const answer = this.#context.verified(link, frame.answer, undefined)
      if (!answer) this.#replace(link)
      else if (answer.height >= this.#next && this.#kinds.includes(answer.verdict.kind))
        this.#held.set(answer.digest, answer)
    } else if (frame.type === 'followed') {
      this.#told.set(link, Math.max(this.#told.get(link)!, frame.height))
      this.#release()
    } else if (frame.type === 'error') {
      this.#replace(link)
    }
  }

  #release(): void {
    const told = [...this.#told.values()].sort((a, b) => b - a)
    const safe = told[this.#context.faults]
    if (safe === undefined || safe < this.#next) return
    const out = [...this.#held.values()].filter(answer => answer.height <= safe)
    out.sort((a, b) => a.height - b.height || a.answer.leafIndex - b.answer.leafIndex)
    for (const answer of out) this.#held.delete(answer.digest)
    this.#next = safe + 1
    this.#ready.push(...out)
    this.#wake?.()
  }

  #replace(link: ValidatorLink): void {
    this.#told.delete(link)
    for (const other of this.#context.links()) if (other !== link) this.begin(other)
  }

  down(link: ValidatorLink): void {
    if (this.#told.has(link)) this.#replace(link)
  }

  tick(): void {
    for (const link of this.#context.links()) this.begin(link)
  }

  stop(error: Error): void {
    this.#end ??= error
    this.#wake?.()
  }

  #abort(): void {
    this.#end ??= 'aborted'
    this.#wake?.()
  }

  /** What is confirmed, as far as it is when it is asked for; ends when the signal aborts, throws `stopped` when the client closes. */
  async *batches(signal: AbortSignal): AsyncGenerator<FollowedBatch> {
    let given = this.#next - 1
    const abort = (): void => this.#abort()
    signal.addEventListener('abort', abort, { once: true })
    if (signal.aborted) abort()
    try {
      for (;;) {
        if (this.#end === 'aborted') return
        if (this.#end !== undefined) throw this.#end
        const height = this.#next - 1
        if (height > given) {
          const answers = this.#ready
          this.#ready = []
          given = height
          yield { height, answers }
          continue
        }
        await new Promise<void>(resolve => {
          this.#wake = resolve
        })
        this.#wake = undefined
      }
    } finally {
      signal.removeEventListener('abort', abort)
      this.#context.settle(this)
      const cancel = encodeClientFrame({ id: this.id, type: 'cancel' })
      for (const link of this.#told.keys()) link.send(cancel)
    }
  }
}

/** What an iteration that was cut by the client's end throws. */
export const stoppedError = (): MupibError => new MupibError('stopped', 'the connection to the ledger was closed')
