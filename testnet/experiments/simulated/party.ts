// A simulated party beside the validators: bank, auditor, vendor, user. It can be killed, paused and slowed; what it says goes by a virtual post
// that delays, loses and repeats.

import type { HolderPayment, PresentedPayment } from '../../../cli/common/payment.ts'
import type { Events } from '../../../consensus/simulator/events.ts'
import type { Random } from '../../../consensus/simulator/random.ts'
import { epoch } from '../../../consensus/simulator/shell-world.ts'
import type { FinalBlock } from '../../../consensus/types.ts'
import type { LooseToken } from '../../../node/ledger/form.ts'
import type { Answer } from '../../../node/ledger/leaves.ts'
import type { Certificate } from '../../../proto/chain.ts'
import type { Digest } from '../../../proto/hash.ts'
import type { SessionLetter } from './session-letters.ts'

/** A final block with what the ledger answered in it. */
export interface AnsweredBlock {
  readonly final: FinalBlock
  readonly stateRoot: Digest
  readonly answers: readonly Answer[]
}

/** Final blocks one after the other; the certificate finalizes the last. */
export interface CertifiedBlocks {
  readonly blocks: readonly AnsweredBlock[]
  readonly certificate: Certificate
}

/** What parties say to each other and to validators. */
export type Letter =
  | { readonly type: 'submit'; readonly bytes: Uint8Array }
  /** Final blocks from this height on, and those to come. */
  | { readonly type: 'follow'; readonly from: number }
  | { readonly type: 'blocks'; readonly certified: CertifiedBlocks }
  | { readonly type: 'order'; readonly order: string; readonly count: number }
  | { readonly type: 'issued'; readonly order: string; readonly tokens: readonly LooseToken[] | undefined }
  | { readonly type: 'pay'; readonly payment: PresentedPayment; readonly digest: Digest }
  | { readonly type: 'present'; readonly payment: PresentedPayment; readonly digest: Digest }
  | {
      readonly type: 'ruling'
      readonly digest: Digest
      readonly answer: 'deliver' | 'wait' | 'rejected'
      readonly reason: string
    }
  | { readonly type: 'told'; readonly digest: Digest; readonly delivered: boolean; readonly reason: string }
  | { readonly type: 'redeem'; readonly number: number; readonly record: Digest; readonly proof: CertifiedBlocks }
  | { readonly type: 'redeemed'; readonly number: number; readonly amount: bigint }
  | {
      readonly type: 'transfer'
      readonly number: number
      readonly payload: Digest
      readonly payee: string
      readonly amount: bigint
    }
  | { readonly type: 'transferred'; readonly number: number }
  | { readonly type: 'giveBack'; readonly payment: Omit<HolderPayment, 'information'>; readonly digest: Digest }
  | { readonly type: 'takenBack'; readonly digest: Digest; readonly refunded: number }
  | SessionLetter

export interface PartyWorld {
  readonly events: Events
  /** Delivers a letter to a party or a validator, sooner or later, perhaps. */
  post(from: string, to: string, letter: Letter): void
  /** For the trace. */
  note(name: string, kind: string, about?: string | number): void
  /** It came upon what must not be. */
  complain(name: string, error: unknown): void
}

export abstract class Party {
  readonly name: string
  protected readonly world: PartyWorld
  protected readonly random: Random
  /** Rises with every crash: what was to happen before does not. */
  #life = 0
  #isUp = false
  #asleep: (() => void)[] | undefined
  #slownessMs = 0

  constructor(name: string, world: PartyWorld, random: Random) {
    this.name = name
    this.world = world
    this.random = random
  }

  get isUp(): boolean {
    return this.#isUp
  }

  get isPaused(): boolean {
    return this.#asleep !== undefined
  }

  /** Milliseconds since 1970 by its clock. */
  protected get now(): number {
    return epoch + this.world.events.now
  }

  protected get slownessMs(): number {
    return this.#slownessMs
  }

  protected send(to: string, letter: Letter): void {
    this.world.post(this.name, to, letter)
  }

  /** Runs later, unless it goes down meanwhile; while paused, when it goes on. */
  protected later(ms: number, run: () => void): void {
    const life = this.#life
    this.world.events.after(ms, () => {
      if (this.#life !== life || !this.#isUp) return
      if (this.#asleep) this.#asleep.push(run)
      else this.#guarded(run)
    })
  }

  #guarded(run: () => void): void {
    try {
      run()
    } catch (error) {
      this.world.complain(this.name, error)
    }
  }

  start(): void {
    if (this.#isUp) return
    this.#isUp = true
    this.world.note(this.name, 'starts')
    this.#guarded(() => this.wake())
  }

  crash(kind: 'power' | 'kill'): void {
    if (!this.#isUp) return
    this.#life++
    this.#isUp = false
    this.#asleep = undefined
    this.world.note(this.name, 'crashes', kind)
    this.end(kind)
  }

  pause(): void {
    if (this.#isUp) this.#asleep ??= []
  }

  resume(): void {
    const runs = this.#asleep ?? []
    const life = this.#life
    this.#asleep = undefined
    for (const run of runs) if (this.#life === life) this.#guarded(run)
  }

  slow(ms: number): void {
    this.#slownessMs = ms
  }

  receive(from: string, letter: Letter): void {
    if (this.#isUp) this.later(this.#slownessMs, () => this.take(from, letter))
  }

  /** Begins to work from what is stored. */
  protected abstract wake(): void
  /** What is only in memory is gone. */
  protected abstract end(kind: 'power' | 'kill'): void
  protected abstract take(from: string, letter: Letter): void
}
