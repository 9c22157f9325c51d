// The virtual store of a bank or an auditor: rows by name, changed in atomic writes. What is written counts at once for whoever reads here; what
// waits for the disk when power fails is lost, whole or from some write on.
import type { Random } from '../../../consensus/simulator/random.ts'

/** Undefined takes the row away. */
export type Row = readonly [name: string, value: unknown]

export interface StoreHost {
  readonly random: Random
  /** How long a synced write takes, in milliseconds. */
  diskMs(): number
  /** Runs later, unless the party goes down meanwhile. */
  later(ms: number, run: () => void): void
}

function apply(rows: Map<string, unknown>, write: readonly Row[]): void {
  for (const [name, value] of write) {
    if (value === undefined) rows.delete(name)
    else rows.set(name, value)
  }
}

export class PartyStore {
  readonly #host: StoreHost
  #seen = new Map<string, unknown>()
  readonly #synced = new Map<string, unknown>()
  #waiting: (readonly Row[])[] = []
  /** What is to be one write. */
  #batch: { readonly rows: Row[]; readonly done: (() => void)[] } | undefined

  constructor(host: StoreHost) {
    this.#host = host
  }

  get<T>(name: string): T | undefined {
    return this.#seen.get(name) as T | undefined
  }

  /** Rows whose names begin so, in the order in which they were first written. */
  entries<T>(prefix: string): [name: string, value: T][] {
    const found: [string, T][] = []
    for (const [name, value] of this.#seen)
      if (name.startsWith(prefix)) found.push([name.slice(prefix.length), value as T])
    return found
  }

  /** Writes in the order of calls; `done` once it is safe. */
  write(rows: readonly Row[], done: () => void = () => {}): void {
    apply(this.#seen, rows)
    if (this.#batch) {
      this.#batch.rows.push(...rows)
      this.#batch.done.push(done)
      return
    }
    this.#waiting.push(rows)
    this.#host.later(this.#host.diskMs(), () => {
      const first = this.#waiting.indexOf(rows)
      for (const each of this.#waiting.splice(0, first + 1)) apply(this.#synced, each)
      done()
    })
  }

  /** Makes all that is written meanwhile one write. */
  atomically(run: () => void): void {
    if (this.#batch) {
      run()
      return
    }
    const batch = { rows: [], done: [] as (() => void)[] }
    this.#batch = batch
    try {
      run()
    } finally {
      this.#batch = undefined
    }
    this.write(batch.rows, () => {
      for (const done of batch.done) done()
    })
  }

  /** The process is gone. A kill leaves what was handed to the system, power loss at most the first of what waited. */
  crash(kind: 'power' | 'kill'): void {
    const { random } = this.#host
    const all = this.#waiting.length
    const kept = kind === 'kill' ? all : random.chance(0.5) ? 0 : random.below(all + 1)
    for (const each of this.#waiting.slice(0, kept)) apply(this.#synced, each)
    this.#waiting = []
    this.#seen = new Map(this.#synced)
  }
}
