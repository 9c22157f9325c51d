// What the parts of an auditor share: its home, its rows, and who hears of what happens. What changes is collected and written at once; what
// is to follow a write is done when it is on disk.
import type { Database, WriteOp } from '../../node/store/database.ts'
import type { TrustTerms } from '../../proto/records.ts'
import type { ActorHome } from '../common/actor-home.ts'
import { MoneyStore } from './money-store.ts'
import type { EarlyChecking } from './rules.ts'
import { AuditorStore } from './store.ts'
import { TrustStore } from './trust-store.ts'

export interface AuditorSettings {
  /** For users of whom it has no block yet. */
  readonly terms: TrustTerms
  /** ρ in basis points. */
  readonly withholdingBp: number
  /** Name of the bank where its account is. */
  readonly bank: string
  readonly early: EarlyChecking | undefined
}

export type AuditorHome = ActorHome & { readonly own: AuditorSettings }

export type AuditorLog = (event: { readonly kind: string; readonly [field: string]: unknown }) => void

/** Rows that change, and what to do once they have. */
export interface Change {
  readonly operations: readonly WriteOp[]
  readonly done?: () => void
}

export class Desk {
  readonly home: AuditorHome
  readonly log: AuditorLog
  readonly store: AuditorStore
  readonly trust: TrustStore
  readonly money: MoneyStore
  /** Rejects when the auditor cannot go on. */
  readonly failed: Promise<never>
  #fail!: (error: unknown) => void
  #isClosing = false
  #lastWrite: Promise<void> = Promise.resolve()

  constructor(home: AuditorHome, database: Database, log: AuditorLog) {
    this.home = home
    this.log = log
    this.store = new AuditorStore(database)
    this.trust = new TrustStore(database)
    this.money = new MoneyStore(database)
    this.failed = new Promise((_, reject) => {
      this.#fail = reject
    })
    this.failed.catch(() => {})
  }

  /** Writes changes in one; a failed write stops the auditor. */
  write(changes: readonly Change[]): Promise<void> {
    const stored = this.store.write(changes.flatMap(({ operations }) => operations))
    this.#lastWrite = stored
    stored.then(
      () => {
        if (!this.#isClosing) for (const { done } of changes) done?.()
      },
      error => this.stopOn(error),
    )
    return stored
  }

  /** Everything written so far is on disk: what memory says of it can be read there as well. */
  written(): Promise<void> {
    return this.#lastWrite
  }

  stopOn(error: unknown): void {
    if (!this.#isClosing) this.#fail(error)
  }

  /** From here on nothing stops the auditor any more: it is stopping. */
  beginClosing(): void {
    this.#isClosing = true
  }
}
