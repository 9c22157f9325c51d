// What left a node in the newest view in which it signed: what others must hold of its key for the loss of its store to be found out.
import type { Proposal, Vote } from '../../proto/chain.ts'

export class LastSent {
  view = 0
  hasProposed = false
  readonly #votes = new Set<string>()

  get votes(): number {
    return this.#votes.size
  }

  vote({ view, kind, digest }: Vote): void {
    if (this.#isOld(view)) return
    this.#votes.add(`${kind} ${digest}`)
  }

  proposal({ block }: Proposal): void {
    if (this.#isOld(block.header.view)) return
    this.hasProposed = true
  }

  #isOld(view: number): boolean {
    if (view > this.view) {
      this.view = view
      this.hasProposed = false
      this.#votes.clear()
    }
    return view < this.view
  }
}
