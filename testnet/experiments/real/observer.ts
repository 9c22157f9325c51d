// Watches a run from outside: what validators make final, their state and size, their accusations. It asks again and again; nobody waits on it.
import * as fs from 'node:fs'
import type { ListedBlock } from '../../../node/http.ts'
import { nodeEvents } from '../../events.ts'
import type { Field, NodeStatus } from './field.ts'
import type { Recorder } from './recorder.ts'
import { pause } from './schedule.ts'

const sampleEveryMs = 500
const pageSize = 100
const pageLimitMs = 5_000
const pageBytes = 4_096

/** A block as a node showed it final. */
export interface SeenBlock extends Omit<ListedBlock, 'time'> {
  readonly node: string
  readonly at: number
  readonly time: number
}

/** What one node made final. */
class NodeWatch {
  readonly name: string
  readonly #field: Field
  readonly #recorder: Recorder
  readonly #stopped: AbortSignal
  readonly #digests = new Map<number, string>()
  readonly blocks: SeenBlock[] = []
  #next = 1
  #pumping: Promise<void> | undefined
  #isBehind = false
  #mute = false

  constructor(name: string, field: Field, recorder: Recorder, stopped: AbortSignal) {
    this.name = name
    this.#field = field
    this.#recorder = recorder
    this.#stopped = stopped
  }

  async run(): Promise<void> {
    while (!this.#stopped.aborted) {
      try {
        for await (const event of nodeEvents(this.#field.http(this.name), this.#stopped)) {
          if (event.type === 'status') {
            // it may have been away, or have another store now: everything is looked at anew
            this.#next = 1
            this.#note(String(event.state) === 'mute')
          }
          if (event.type === 'mute') this.#note(true)
          if (event.type === 'may_vote') this.#votes()
          if (event.type === 'block' || event.type === 'status') this.#pump()
        }
      } catch {
        // it does not answer; the next try shows whether it does again
      }
      await pause(200, this.#stopped)
    }
    await this.#pumping
  }

  #note(isMute: boolean): void {
    if (isMute && !this.#mute)
      this.#recorder.see({ type: 'life', node: this.name, state: 'mute', code: 'needs_rejoin' })
    this.#mute = isMute
  }

  #votes(): void {
    this.#mute = false
    this.#recorder.see({ type: 'life', node: this.name, state: 'votes', code: undefined })
  }

  #pump(): void {
    this.#isBehind = true
    this.#pumping ??= this.#readOn().finally(() => {
      this.#pumping = undefined
    })
  }

  async #readOn(): Promise<void> {
    while (this.#isBehind) {
      this.#isBehind = false
      await this.read()
    }
  }

  /** Reads all blocks that were not read yet. */
  async read(): Promise<void> {
    for (;;) {
      const from = this.#next
      const page = await this.#field.get<ListedBlock[]>(
        this.name,
        `/blocks?from=${from}&limit=${pageSize}`,
        pageLimitMs,
      )
      if (!page || page.length === 0) return
      for (const block of page) this.#see(block)
      // a new connection has everything read anew meanwhile
      if (this.#next === from) this.#next = from + page.length
      if (page.length < pageSize) return
    }
  }

  #see(block: ListedBlock): void {
    if (this.#digests.get(block.height) === block.digest) return
    this.#digests.set(block.height, block.digest)
    this.blocks.push({ ...block, node: this.name, at: this.#recorder.now, time: Date.parse(block.time) })
  }

  get height(): number {
    return this.blocks.at(-1)?.height ?? 0
  }
}

export class Observer {
  readonly #field: Field
  readonly #recorder: Recorder
  readonly #adversaries: readonly string[]
  readonly #stop = new AbortController()
  readonly #watches: readonly NodeWatch[]
  readonly #signed = new Set<string>()
  readonly #accused = new Set<string>()
  readonly #work: Promise<unknown>

  constructor(field: Field, recorder: Recorder, adversaries: readonly string[]) {
    this.#field = field
    this.#recorder = recorder
    this.#adversaries = adversaries
    this.#watches = field.validators.map(name => new NodeWatch(name, field, recorder, this.#stop.signal))
    this.#work = Promise.all([...this.#watches.map(watch => watch.run()), this.#sampleOnAndOn()])
  }

  /** Blocks as nodes showed them, each once for a node and height unless it changed. */
  get blocks(): readonly SeenBlock[] {
    return this.#watches.flatMap(watch => watch.blocks)
  }

  /** Heights that nodes were seen at. */
  heights(): ReadonlyMap<string, number> {
    return new Map(this.#watches.map(watch => [watch.name, watch.height]))
  }

  async #sampleOnAndOn(): Promise<void> {
    for (let round = 0; !this.#stop.signal.aborted; round++) {
      const next = performance.now() + sampleEveryMs
      await Promise.all(this.#field.parties.map(name => this.#sample(name)))
      if (round % 8 === 0) await this.readEvidence()
      await pause(next - performance.now(), this.#stop.signal)
    }
  }

  async #sample(name: string): Promise<void> {
    const pid = this.#field.pid(name)
    const isValidator = this.#field.validators.includes(name)
    const status = pid !== undefined && isValidator ? await this.#field.status(name) : undefined
    if (status && !this.#adversaries.includes(name)) this.#noteSigned(status)
    const state = pid === undefined ? 'dead' : isValidator ? (status?.state ?? 'silent') : 'running'
    const [height, view] = [status?.height ?? 0, status?.view ?? 0]
    const size = pid === undefined ? undefined : sizeOf(pid)
    this.#recorder.see({
      type: 'sample',
      node: name,
      height,
      view,
      state,
      rssBytes: size?.rssBytes,
      descriptors: size?.descriptors,
      pending: status?.pendingRecords,
    })
  }

  /** Votes that a node holds of others, as far as it shows them. */
  #noteSigned({ view, notarized, nullified }: NodeStatus): void {
    const see = (node: string, kind: 'notarize' | 'nullify', digest: string, outcome: string): void => {
      const key = `${node} ${view} ${kind} ${digest} ${outcome}`
      if (this.#signed.has(key)) return
      this.#signed.add(key)
      this.#recorder.see({ type: 'signed', node, view, kind, digest, outcome })
    }
    for (const { validator, digest, outcome } of notarized) see(validator, 'notarize', digest, outcome)
    for (const validator of nullified) see(validator, 'nullify', '', '')
  }

  /** Looks at what every honest validator holds against others. */
  async readEvidence(): Promise<void> {
    for (const by of this.#field.validators) {
      if (this.#adversaries.includes(by) || this.#field.pid(by) === undefined) continue
      const list = await this.#field.get<{ guilty?: unknown }[]>(by, '/evidence')
      for (const { guilty } of list ?? []) {
        const key = `${guilty} by ${by}`
        if (this.#accused.has(key) || !this.#field.validators.includes(String(guilty))) continue
        this.#accused.add(key)
        this.#recorder.see({ type: 'accused', node: String(guilty), by })
      }
    }
  }

  /** Reads what is still unread, and ends the watch. */
  async end(): Promise<void> {
    await Promise.all(this.#watches.map(watch => watch.read()))
    await this.readEvidence()
    await this.close()
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#work
  }
}

/** Memory and descriptors of a process (proc(5)); undefined where the system does not tell. */
function sizeOf(pid: number): { rssBytes: number; descriptors: number } | undefined {
  try {
    const resident = Number(fs.readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1])
    return { rssBytes: resident * pageBytes, descriptors: fs.readdirSync(`/proc/${pid}/fd`).length }
  } catch {
    return undefined
  }
}
