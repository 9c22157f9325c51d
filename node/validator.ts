// The validator: puts consensus, ledger, store and network together. The one place of node/ that knows all of them.
import { statusOf } from '../consensus/queries.ts'
import { createCore, step } from '../consensus/simplex.ts'
import type { Core } from '../consensus/state.ts'
import type { Effect, FinalBlock } from '../consensus/types.ts'
import { quorumOf, signProposal, signVote } from '../proto/chain.ts'
import { MupibError } from '../proto/errors.ts'
import { type Genesis, validatorIndexOf, validatorKeys } from '../proto/genesis.ts'
import { decodeRecord } from '../proto/records.ts'
import { decodeRecordVerdict, type Verdict } from '../proto/verdict.ts'
import { AdmissionList } from './admission-list.ts'
import { Application, type Commit } from './application.ts'
import { CatchUp } from './catch-up.ts'
import { Clients } from './clients.ts'
import { type Identity, readGenesis, readIdentity, readValidatorConfig, type ValidatorConfig } from './config.ts'
import { ConsensusLoop } from './consensus-loop.ts'
import { createLog, eventOf, type Log, type Told } from './events.ts'
import { listEvidence } from './evidence.ts'
import { codeOf, isDamage, ofStore } from './faults.ts'
import { type Home, openHome } from './home.ts'
import { type NodeEvent, type NodeReader, startHttp } from './http.ts'
import { Intake } from './intake.ts'
import { Metrics } from './metrics.ts'
import { Pool } from './pool.ts'
import { showBlock, showRecord, showToken } from './reader.ts'
import { SignatureVerifier } from './signatures.ts'
import { Spread } from './spread.ts'
import { recordKey } from './store/keys.ts'
import { createTransport, type Transport } from './transport.ts'

export type ValidatorState = 'starting' | 'following' | 'voting' | 'stalled' | 'mute' | 'halted'

/** A validator that runs. */
export interface RunningValidator {
  readonly name: string
  readonly peerId: string
  readonly multiaddrs: readonly string[]
  readonly http: string
  status(): Record<string, unknown>
  /** Rejects when the node cannot go on (disk full, damaged store, a bug); resolves once it was stopped. */
  readonly ended: Promise<void>
  /** Ends gracefully: what was begun is written, every connection closed. */
  stop(): Promise<void>
}

/**
 * Starts the validator that a config file describes; resolves when it listens and follows the ledger.
 * Throws `bad_config`, `bad_genesis`, `port_taken`, `permission` and what opening the store throws.
 */
export async function startValidator(configFile: string): Promise<RunningValidator> {
  const config = readValidatorConfig(configFile)
  const genesis = readGenesis(config.genesis)
  const identity = readIdentity(config.key)
  selfIndex(genesis, identity, config.key)
  const home = await openHome(config.store, genesis)
  let validator: Validator | undefined
  try {
    validator = new Validator(config, genesis, identity, home)
    await validator.start()
    return validator
  } catch (error) {
    // Why it could not start is what to tell, whatever its end may find.
    await (validator ? validator.stop() : home.database.close()).catch(() => {})
    throw error
  }
}

const stalledAfterTimeouts = 4

class Validator implements RunningValidator {
  readonly name: string
  readonly ended: Promise<void>
  readonly #config: ValidatorConfig
  readonly #genesis: Genesis
  readonly #identity: Identity
  readonly #home: Home
  readonly #self: number
  readonly #core: Core
  readonly #pool = new Pool()
  readonly #application: Application
  readonly #loop: ConsensusLoop
  readonly #intake: Intake
  readonly #clients: Clients
  readonly #spread: Spread
  readonly #catchUp: CatchUp
  readonly #transport: Transport
  readonly #admission: AdmissionList
  readonly #signatures: SignatureVerifier
  readonly #metrics: Metrics
  readonly #log: Log
  readonly #listeners = new Set<(event: NodeEvent) => void>()
  #http: { url: string; stop(): Promise<void> } | undefined
  /** Commits of the current turn that are being written, in order. */
  readonly #committing: Commit[] = []
  #lastProgress = Date.now()
  #equivocations = 0
  #hasFailed = false
  #stopping: Promise<void> | undefined
  #end: (error?: unknown) => void = () => {}

  constructor(config: ValidatorConfig, genesis: Genesis, identity: Identity, home: Home) {
    this.#config = config
    this.#genesis = genesis
    this.#identity = identity
    this.#home = home
    this.#self = selfIndex(genesis, identity, config.key)
    this.name = genesis.validators[this.#self]!.name
    this.#log = createLog(config.logLevel, this.name)
    this.ended = new Promise((resolve, reject) => {
      this.#end = error => (error === undefined ? resolve() : reject(error))
    })
    // Nobody has to wait for the end: an unobserved failure is in the log.
    this.ended.catch(() => {})
    this.#core = this.#createCore()
    this.#application = this.#createApplication()
    this.#loop = this.#createLoop()
    this.#signatures = new SignatureVerifier(home.network, validatorKeys(genesis))
    this.#admission = new AdmissionList(genesis, this.#application.state, Date.now)
    this.#intake = new Intake({
      network: home.network,
      application: this.#application,
      pool: this.#pool,
      chain: home.chain,
      now: Date.now,
      write: (operations, durable) => this.#loop.write(operations, durable),
      push: (...inputs) => {
        this.#loop.push(...inputs)
        this.#spread.pending()
      },
    })
    this.#spread = this.#createSpread()
    this.#clients = new Clients({
      application: this.#application,
      chain: home.chain,
      intake: this.#intake,
      spread: (signed, spreadByClient) => this.#spread.fromClient(signed, spreadByClient),
      status: () => ({
        name: this.name,
        height: this.#tipHeader.height,
        digest: this.#application.tip.block.digest,
        stateRoot: this.#application.tip.stateRoot,
        view: this.#core.view,
        mayVote: this.#core.signing === 'may',
      }),
      blame: (peerId, reason) => this.#transport.blameClient(peerId, reason),
      failed: error => this.#failed(error),
    })
    this.#transport = this.#createTransport()
    this.#catchUp = this.#createCatchUp()
    this.#metrics = this.#createMetrics()
  }

  get #tipHeader() {
    return this.#application.tip.block.header
  }

  get peerId(): string {
    return this.#genesis.validators[this.#self]!.peerId
  }

  get multiaddrs(): readonly string[] {
    return this.#transport.multiaddrs()
  }

  get http(): string {
    return this.#http?.url ?? ''
  }

  #nameOf = (validator: number): string => this.#genesis.validators[validator]?.name ?? String(validator)

  // Construction of the parts

  #createCore(): Core {
    const { network, genesis, restored } = this.#home
    const { key } = this.#identity
    const signer = {
      vote: (ballot: Parameters<typeof signVote>[1]) => signVote(network, ballot, this.#self, key),
      proposal: (block: Parameters<typeof signProposal>[1]) => signProposal(network, block, key),
    }
    const { timing, validators } = this.#genesis
    const first = { block: genesis.block, outcome: genesis.outcome }
    return createCore(
      { network, validators: validators.length, self: this.#self, timing, signer, genesis: first },
      restored,
    )
  }

  #createApplication(): Application {
    const { database, chain, tip } = this.#home
    return new Application({
      database,
      chain,
      genesis: this.#genesis,
      pool: this.#pool,
      tip,
      missing: (block, records) => this.#transport.fetchRecords(block, records),
    })
  }

  #createLoop(): ConsensusLoop {
    const { database, journal } = this.#home
    const application = this.#application
    return new ConsensusLoop({
      now: Date.now,
      step: (input, now) => step(this.#core, input, now),
      journal: entries => journal.operations(entries),
      write: async operations => {
        const begun = performance.now()
        await database.write(operations, { sync: true })
        this.#metrics.write((performance.now() - begun) / 1_000)
      },
      build: (_view, parent) => application.build(parent, Date.now()),
      execute: block => application.execute(block),
      commit: (blocks, certificate) => this.#commit(blocks, certificate),
      committed: () => {
        const commit = this.#committing.shift()!
        commit.written()
        this.#committed(commit)
      },
      abandon: digests => application.abandon(digests),
      send: (to, message) => this.#transport.send(to, message),
      broadcast: message => this.#transport.broadcast(message),
      fetchBlock: digest => this.#transport.fetchBlock(digest),
      fetchCertificate: view => this.#transport.fetchCertificate(view),
      catchUp: certificate => this.#catchUp.to(certificate),
      askHeldVotes: () => this.#transport.askHeldVotes(),
      observe: effect => this.#observe(effect),
      failed: error => this.#fail(error),
    })
  }

  #createSpread(): Spread {
    return new Spread({
      validators: this.#genesis.validators.length,
      self: this.#self,
      pool: this.#pool,
      publish: (topic, bytes) => this.#transport.publish(topic, bytes),
      announce: (digests, to) => this.#transport.announce(digests, to),
    })
  }

  #createTransport(): Transport {
    return createTransport({
      genesis: this.#genesis,
      network: this.#home.network,
      self: this.#self,
      seed: this.#identity.seed,
      listen: this.#config.listen,
      peersFile: this.#config.peers,
      core: this.#core,
      application: this.#application,
      chain: this.#home.chain,
      intake: this.#intake,
      signatures: this.#signatures,
      roleOf: peerId => this.#admission.roleOf(peerId),
      push: (...inputs) => this.#loop.push(...inputs),
      openSession: session => this.#clients.open(session),
      onLink: (peer, up) => {
        if (up) this.#spread.linkUp(peer)
        this.#tell({
          level: 'info',
          message: up ? 'link up' : 'link down',
          event: { type: 'link', peer: this.#nameOf(peer), up },
        })
      },
      refused: code => this.#metrics.refused(code),
      failed: error => this.#failed(error),
      log: (level, event, message) => this.#log[level](event, message),
    })
  }

  #createCatchUp(): CatchUp {
    return new CatchUp({
      network: this.#home.network,
      application: this.#application,
      fetcher: this.#transport.fetcher,
      signatures: this.#signatures,
      recordOperations: ({ digest, bytes }) => [{ type: 'put', key: recordKey(digest), value: bytes }],
      write: operations => this.#home.database.write(operations, { sync: true }),
      committing: commit => this.#beforeCommit(commit),
      committed: commit => {
        const held = commit.records.map(({ digest }) => digest).filter(digest => this.#pool.get(digest))
        if (held.length > 0) this.#loop.push({ type: 'dropped', records: held })
        this.#committed(commit)
      },
      exclusive: task => this.#loop.runExclusive(task),
      blame: (peer, reason) => this.#transport.blame(peer, reason),
      progress: (height, target) => this.#log.info({ event: 'caught_up', height, target }, 'fetched final blocks'),
    })
  }

  #createMetrics(): Metrics {
    return new Metrics({
      height: () => this.#tipHeader.height,
      view: () => this.#core.view,
      pendingRecords: () => this.#pool.size,
      connectedValidators: () => this.#transport.linked().length,
      sessions: () => this.#clients.count,
      gossipSkipped: () => this.#transport.gossipSkipped(),
    })
  }

  // Life

  async start(): Promise<void> {
    this.#loop.push({ type: 'start' })
    await this.#restorePool()
    await this.#transport.start()
    this.#http = await startHttp(this.#reader(), this.#config.http)
    this.#spread.pending()
    const { height } = this.#tipHeader
    this.#log.info(
      { event: 'started', height, peerId: this.peerId, multiaddrs: this.multiaddrs, http: this.http },
      'started',
    )
  }

  async #restorePool(): Promise<void> {
    const streams = new Map<string, ReturnType<typeof decodeRecord>>()
    for (const digest of await this.#home.chain.pendingRecords()) {
      const bytes = this.#home.chain.recordBytes(digest)
      if (!bytes) throw new MupibError('store_corrupt', `the store is damaged: record ${digest} is missing`)
      const signed = ofStore(`record ${digest}`, () => decodeRecord(bytes))
      const stream = this.#application.streamOf(signed)
      // A record that came again while it was becoming final has kept its mark.
      if (!stream || this.#home.chain.answer(digest)) continue
      this.#pool.add(signed, stream.name, signed.record.signer, true)
      streams.set(stream.name, signed)
    }
    for (const [stream, sample] of streams) this.#intake.tellReady(stream, sample)
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#shutDown()
    return this.#stopping
  }

  async #shutDown(): Promise<void> {
    this.#spread.stop()
    try {
      await this.#http?.stop()
      await this.#loop.stop()
      await this.#transport.stop()
    } finally {
      await this.#home.database.close()
    }
    this.#log.info({ event: 'stopped', height: this.#tipHeader.height }, 'stopped')
    this.#end()
  }

  /** Something went wrong outside the loop: a damaged store ends the node, anything else is a bug that the log has to tell of. */
  #failed(error: unknown): void {
    const code = codeOf(error)
    if (this.#stopping || code === 'stopped') return
    if (isDamage(code)) this.#fail(error)
    else this.#log.error({ event: 'bug', code, err: error }, 'something went wrong that nobody foresaw')
  }

  #fail(error: unknown): void {
    if (this.#hasFailed) return
    this.#hasFailed = true
    const known = error instanceof MupibError ? error : new MupibError('bug', String(error), { cause: error })
    this.#log.fatal({ event: 'failed', code: known.code, err: error }, known.message)
    this.#end(known)
    // Nothing is signed any more; who runs the node stops the rest.
    void this.#loop.stop()
  }

  // Commits

  #commit(blocks: readonly FinalBlock[], certificate: Parameters<Application['commit']>[1]) {
    const commit = this.#application.commit(blocks, certificate)
    this.#committing.push(commit)
    return [...commit.operations, ...this.#beforeCommit(commit)]
  }

  /** What goes into the batch of a commit beside the state: the journal below it goes, evidence stays. */
  #beforeCommit(commit: Commit) {
    return [
      ...this.#home.journal.prune(commit.tip.block.header.view),
      ...commit.evidence.flatMap(reuse => this.#home.evidence.numberReuse(reuse)),
    ]
  }

  /** A commit is on disk: the pool, clients and people learn of it. */
  #committed(commit: Commit): void {
    this.#lastProgress = Date.now()
    const streams = this.#pool.remove(commit.records.map(({ digest }) => digest))
    const { membersChanged, refused } = this.#count(commit)
    for (const [stream, sample] of streams) {
      this.#intake.tellReady(stream, sample)
      if (refused.size > 0) this.#intake.tellAfterRefusals(stream, sample, refused)
    }
    if (membersChanged) {
      this.#intake.tellAllReady()
      this.#intake.tellAfterDeaths()
    }
    this.#clients.recordsFinal(commit.records)
    this.#spread.progress()
    if (membersChanged)
      for (const peerId of this.#admission.refresh(this.#application.state))
        this.#transport.drop(peerId, 'no member any more')
    const { block, stateRoot } = commit.tip
    const { height, view, time } = block.header
    const records = commit.records.length
    const event = {
      type: 'block',
      height,
      view,
      digest: block.digest,
      stateRoot,
      time: new Date(time).toISOString(),
      records,
      verdicts: commit.verdicts,
    }
    // An idle network's heartbeats are no news.
    this.#tell({ level: records > 0 ? 'info' : 'debug', message: 'final', event })
  }

  /** Counts what became final; says whether members changed and which records were refused. */
  #count({ records, verdicts }: Commit): { membersChanged: boolean; refused: Set<string> } {
    let membersChanged = false
    const refused = new Set<string>()
    for (const { digest, answer } of records) {
      const { kind, refusal } = decodeRecordVerdict(answer.leaf)
      this.#metrics.recordFinal(kind, refusal ?? 'decided')
      if (refusal) refused.add(digest)
      membersChanged ||= kind === 'membership' || kind === 'revocation'
    }
    for (const [verdict, count] of Object.entries(verdicts)) this.#metrics.tokens(verdict as Verdict, count)
    return { membersChanged, refused }
  }

  // What is told

  #observe(effect: Effect): void {
    this.#metrics.observe(effect)
    const told = eventOf(effect, this.#nameOf)
    if (told) this.#tell(told)
    if (effect.type !== 'evidence') return
    this.#equivocations += 1
    const operations = this.#home.evidence.equivocation(effect.evidence, this.#nameOf)
    if (operations.length > 0) this.#loop.write(operations)
  }

  #tell({ level, message, event }: Told): void {
    this.#log[level]({ event: event.type, ...event, type: undefined }, message)
    for (const listener of this.#listeners) listener(event)
  }

  #state(): { state: ValidatorState; reason: string | undefined } {
    const { signing } = this.#core
    const linked = this.#transport.linked().length + 1
    const quorum = quorumOf(this.#genesis.validators.length)
    if (signing === 'stopped')
      return { state: 'halted', reason: 'the own outcome differs from the certified one, or the chain is split' }
    if (signing === 'mute')
      return {
        state: 'mute',
        reason: 'the store lacks votes that others hold of this key; stop it and run: mupib node rejoin',
      }
    if (linked < quorum)
      return {
        state: 'stalled',
        reason: `${linked} of ${this.#genesis.validators.length} validators are up; ${quorum} are needed`,
      }
    if (signing === 'asking')
      return { state: 'following', reason: 'asks the other validators what this key has signed' }
    const idle = Date.now() - this.#lastProgress
    if (this.#pool.readyCount > 0 && idle > stalledAfterTimeouts * this.#genesis.timing.timeoutMs)
      return { state: 'stalled', reason: `nothing became final for ${idle} ms while records wait` }
    return { state: 'voting', reason: undefined }
  }

  status(): Record<string, unknown> {
    const { view, leader, silent, notarized, nullified } = statusOf(this.#core)
    const linked = new Set(this.#transport.linked())
    const { state, reason } = this.#state()
    return {
      name: this.name,
      pid: process.pid,
      state,
      ...(reason && { reason }),
      height: this.#tipHeader.height,
      view,
      digest: this.#application.tip.block.digest,
      stateRoot: this.#application.tip.stateRoot,
      leader: this.#nameOf(leader),
      notVoted: silent.map(this.#nameOf),
      notarized: notarized.map(({ validator, digest, outcome }) => ({
        validator: this.#nameOf(validator),
        digest,
        outcome,
      })),
      nullified: nullified.map(this.#nameOf),
      pendingRecords: this.#pool.size,
      sessions: this.#clients.count,
      equivocations: this.#equivocations,
      peers: this.#genesis.validators
        .map(({ name }, index) => ({ name, connected: linked.has(index), index }))
        .filter(({ index }) => index !== this.#self)
        .map(({ name, connected }) => ({ name, connected })),
    }
  }

  #reader(): NodeReader {
    const { chain, database } = this.#home
    const careful = async <T>(read: () => T | Promise<T>): Promise<T> => {
      try {
        return await read()
      } catch (error) {
        if (isDamage(codeOf(error))) this.#failed(error)
        throw error
      }
    }
    return {
      status: () => this.status(),
      metrics: async () => ({
        contentType: this.#metrics.registry.contentType,
        text: await this.#metrics.registry.metrics(),
      }),
      blocks: (from, limit) =>
        careful(async () => {
          const blocks: Record<string, unknown>[] = []
          for await (const stored of chain.blocksFrom(from, limit)) blocks.push(showBlock(stored))
          return blocks
        }),
      token: serial => careful(() => showToken(this.#application, serial)),
      record: digest => careful(() => showRecord(this.#application, chain, digest)),
      evidence: () => careful(() => listEvidence(database)),
      subscribe: listener => {
        this.#listeners.add(listener)
        return () => this.#listeners.delete(listener)
      },
    }
  }
}

function selfIndex(genesis: Genesis, { key }: Identity, file: string): number {
  const self = genesis.validators.findIndex(({ publicKey }) => Buffer.compare(publicKey, key.publicKey) === 0)
  if (self < 0 || validatorIndexOf(genesis, genesis.validators[self]!.peerId) !== self)
    throw new MupibError('bad_config', `the key in ${file} is no validator's of this genesis`, {
      hint: 'check that config and genesis belong together',
    })
  return self
}
