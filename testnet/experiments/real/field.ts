// The processes of a run as faults treat them: each started, ended and stopped by one at a time, and every life and death of theirs written down.
import * as fs from 'node:fs'
import * as path from 'node:path'
import { toMupibError } from '../../../cli/common/errors.ts'
import { readJson } from '../../../cli/common/files.ts'
import { readRunFile } from '../../../cli/common/run-file.ts'
import { type ErrorCode, MupibError } from '../../../proto/errors.ts'
import { killActor, pauseActor, restartActor, resumeActor, stopActor } from '../../control.ts'
import { type Actor, actorNamed, type NetworkFiles } from '../../folders.ts'
import type { RunningNetwork } from '../../network.ts'
import { processesOf } from '../../process-table.ts'
import { runProgram } from '../../run-program.ts'
import { errorInLog, type Launch, lastLogLines, type StartedProcess } from '../../start-process.ts'
import type { Recorder } from './recorder.ts'
import { atMost } from './schedule.ts'

const statusLimitMs = 400

/** What a validator says of itself on /status, as far as a run looks at it. */
export interface NodeStatus {
  readonly name: string
  readonly state: string
  readonly height: number
  readonly view: number
  readonly leader: string
  readonly pendingRecords: number
  readonly notarized: readonly { readonly validator: string; readonly digest: string; readonly outcome: string }[]
  readonly nullified: readonly string[]
}

/** A process that has just ended by itself is as good as ended. */
function unlessAbsent(error: unknown): void {
  if (!(error instanceof MupibError) || error.code !== 'stopped') throw error
}

export class Field {
  readonly files: NetworkFiles
  readonly validators: readonly string[]
  readonly #clients: readonly string[]
  readonly #recorder: Recorder
  readonly #http = new Map<string, string>()
  readonly #turns = new Map<string, Promise<unknown>>()
  readonly #launches = new Map<string, Launch>()
  /** With what code a process refused to start, or ended, the last time. */
  readonly #problems = new Map<string, ErrorCode>()
  readonly #onStart = new Set<(name: string) => void>()
  readonly #over = new AbortController()

  /** `clients` are users whose sessions run in processes of their own. */
  constructor(network: RunningNetwork, recorder: Recorder, clients: readonly string[] = []) {
    this.files = network.files
    this.#clients = clients
    this.validators = network.files.validators.map(({ name }) => name)
    this.#recorder = recorder
    for (const [name, started] of network.processes) {
      recorder.see({ type: 'life', node: name, state: 'ready', code: undefined }, 0)
      this.#watch(started)
    }
  }

  actor(name: string): Actor {
    return actorNamed(this.files, name)
  }

  /** Where the process answers, or answered last. */
  http(name: string): string {
    return this.#http.get(name) ?? ''
  }

  /** Where validators listen themselves, whatever stands between them. */
  addresses(): string[] {
    const known = readJson(this.files.peersFile, 'bad_config') as Record<string, readonly string[]>
    return Object.values(known).flatMap(own => own.slice(0, 1))
  }

  pid(name: string): number | undefined {
    try {
      return readRunFile(this.actor(name).runFile)?.pid
    } catch {
      return undefined
    }
  }

  isRunning(name: string): boolean {
    return processesOf(this.actor(name)).length > 0
  }

  isPaused(name: string): boolean {
    return processesOf(this.actor(name)).some(({ paused }) => paused)
  }

  /** From here on nothing is started, and no death is news: the run ends. Resolves when what is under way is through. */
  async end(): Promise<void> {
    this.#over.abort(new MupibError('stopped', 'the run ends'))
    await Promise.allSettled(this.#turns.values())
  }

  /** Tells of every start, until what it returns is called. */
  onStart(listener: (name: string) => void): () => void {
    this.#onStart.add(listener)
    return () => this.#onStart.delete(listener)
  }

  #watch({ actor, run, ended }: StartedProcess): void {
    this.#http.set(actor.name, run.http)
    void ended.then(({ exitCode }) => {
      if (this.#over.signal.aborted) return
      const code = exitCode === 0 || exitCode === null ? undefined : errorInLog(lastLogLines(actor, 5))?.code
      if (code !== undefined) this.#problems.set(actor.name, code)
      this.#recorder.see({ type: 'life', node: actor.name, state: 'ends', code })
    })
  }

  /** Does work on a process when all earlier work on it is done. */
  exclusive<T>(name: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#turns.get(name) ?? Promise.resolve()).then(work)
    this.#turns.set(
      name,
      turn.catch(() => {}),
    )
    return turn
  }

  /** How the process is started from now on; undefined as usual. */
  launchAs(name: string, launch: Launch | undefined): void {
    if (launch) this.#launches.set(name, launch)
    else this.#launches.delete(name)
  }

  kill(name: string): Promise<void> {
    return this.exclusive(name, async () => {
      await killActor(this.actor(name)).catch(unlessAbsent)
    })
  }

  stop(name: string): Promise<void> {
    return this.exclusive(name, async () => void (await stopActor(this.actor(name))))
  }

  pause(name: string): Promise<void> {
    return this.exclusive(name, async () => {
      await pauseActor(this.actor(name)).catch(unlessAbsent)
      if (!this.isPaused(name)) return
      this.#recorder.see({ type: 'life', node: name, state: 'paused', code: undefined })
    })
  }

  resume(name: string): Promise<void> {
    return this.exclusive(name, async () => {
      if (!this.isPaused(name)) return
      await resumeActor(this.actor(name)).catch(unlessAbsent)
      this.#recorder.see({ type: 'life', node: name, state: 'resumed', code: undefined })
    })
  }

  /** Starts a process that does not run; what it refuses with is returned. */
  start(name: string): Promise<MupibError | undefined> {
    return this.exclusive(name, () => (this.isRunning(name) ? Promise.resolve(undefined) : this.#start(name)))
  }

  restart(name: string): Promise<MupibError | undefined> {
    return this.exclusive(name, () => this.#start(name))
  }

  async #start(name: string): Promise<MupibError | undefined> {
    this.#over.signal.throwIfAborted()
    this.#recorder.see({ type: 'life', node: name, state: 'starts', code: undefined })
    try {
      this.#problems.delete(name)
      const started = await restartActor(this.actor(name), this.#launches.get(name), this.#over.signal)
      this.#watch(started)
      this.#recorder.see({ type: 'life', node: name, state: 'ready', code: undefined })
      for (const listener of this.#onStart) listener(name)
      return undefined
    } catch (thrown) {
      const error = toMupibError(thrown)
      this.#problems.set(name, error.code)
      this.#recorder.see({ type: 'life', node: name, state: 'refuses', code: error.code })
      return error
    }
  }

  /** Why it does not run by its own word; undefined where it runs, or was ended. */
  problem(name: string): ErrorCode | undefined {
    return this.isRunning(name) ? undefined : this.#problems.get(name)
  }

  /** Empties the store of a stopped process; the folder, which may be a mounted disk, stays. */
  wipe(name: string): void {
    const store = this.storeOf(name)
    for (const entry of fs.readdirSync(store)) {
      if (entry !== 'lost+found') fs.rmSync(path.join(store, entry), { recursive: true, force: true })
    }
  }

  /** Where the process keeps its store, links resolved. */
  storeOf(name: string): string {
    return fs.realpathSync(path.join(this.actor(name).folder, 'store'))
  }

  /** Lets a stopped validator vote again beyond what others hold of it. Its refusal is returned. */
  async allowRejoin(name: string): Promise<string | undefined> {
    const { exitCode, errors } = await runProgram(['node', 'rejoin', '--config', this.actor(name).configFile, '--yes'])
    return exitCode === 0 ? undefined : errors
  }

  /** A page of a process as it answers now; undefined where it does not, in time. */
  async get<T>(name: string, page: string, limitMs: number = statusLimitMs): Promise<T | undefined> {
    try {
      const response = await fetch(new URL(page, this.http(name)), { signal: AbortSignal.timeout(limitMs) })
      return response.ok ? ((await response.json()) as T) : undefined
    } catch {
      return undefined
    }
  }

  status(name: string): Promise<NodeStatus | undefined> {
    return this.get<NodeStatus>(name, '/status')
  }

  /** Whoever leads, by the word of those that are farthest; the first validator where nobody answers. */
  async leader(): Promise<string> {
    const answers = await Promise.all(this.validators.map(name => this.status(name)))
    const [farthest] = answers.filter(status => status !== undefined).sort((a, b) => b.view - a.view)
    return farthest?.leader ?? this.validators[0]!
  }

  /** Names for what an experiment file calls its targets. */
  async resolve(targets: readonly string[]): Promise<string[]> {
    const names: string[] = []
    for (const target of targets) {
      if (target === 'leader') names.push(await this.leader())
      else if (target === 'validators') names.push(...this.validators)
      else if (target === 'all') names.push(...this.parties)
      else names.push(this.actor(target).name)
    }
    return [...new Set(names)]
  }

  /** Validators, bank, auditors, vendors and clients of sessions. */
  get parties(): readonly string[] {
    const { validators, bank, auditors, vendors } = this.files
    return [...[...validators, bank, ...auditors, ...vendors].map(({ name }) => name), ...this.#clients]
  }

  /** Waits, no longer than the limit, until the validator's state is one of these. */
  async untilState(name: string, states: readonly string[], limitMs: number): Promise<string | undefined> {
    const deadline = performance.now() + limitMs
    for (;;) {
      const status = await this.status(name)
      if (status && states.includes(status.state)) return status.state
      if (performance.now() >= deadline) return undefined
      // a state of its own accord is told by no event
      await atMost(100, new Promise(() => {}))
    }
  }
}
