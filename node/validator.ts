// The validator: puts consensus, ledger, store and network together. The one place of node/ that knows all of them.
import { machineOf } from '../consensus/machine.ts'
import { createCore } from '../consensus/simplex.ts'
import type { Core } from '../consensus/state.ts'
import type { Effect } from '../consensus/types.ts'
import { MupibError } from '../proto/errors.ts'
import { type Genesis, validatorKeys } from '../proto/genesis.ts'
import { AdmissionList } from './admission-list.ts'
import { Application } from './application.ts'
import { CatchUp } from './catch-up.ts'
import { Clients } from './clients.ts'
import { Commits } from './commits.ts'
import {
  type Identity,
  ownIndex,
  readGenesis,
  readIdentity,
  readValidatorConfig,
  type ValidatorConfig,
} from './config.ts'
import { ConsensusLoop } from './consensus-loop.ts'
import { coreConfigOf } from './core-config.ts'
import { createLog, Events, eventOf, type Log, linkTold } from './events.ts'
import { codeOf, isDamage } from './faults.ts'
import { type Home, openHome } from './home.ts'
import { startHttp } from './http.ts'
import { Intake } from './intake.ts'
import { Metrics } from './metrics.ts'
import { Pool } from './pool.ts'
import { Pursuits } from './pursuits.ts'
import { createReader } from './reader.ts'
import { SignatureVerifier } from './signatures.ts'
import { Spread } from './spread.ts'
import type { StandIn, StandInFor } from './stand-in.ts'
import { Status } from './status.ts'
import { recordKey } from './store/keys.ts'
import { createTransport, type Transport } from './transport.ts'

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
 * @param standInFor what misbehaves in the core's place, in tests of a network
 */
export async function startValidator(configFile: string, standInFor?: StandInFor): Promise<RunningValidator> {
  const config = readValidatorConfig(configFile)
  const genesis = readGenesis(config.genesis)
  const identity = readIdentity(config.key)
  const self = ownIndex(genesis, identity, config.key)
  const home = await openHome(config.store, genesis)
  let validator: Validator | undefined
  try {
    validator = new Validator(config, genesis, identity, self, home, standInFor)
    await validator.start()
    return validator
  } catch (error) {
    // Why it could not start is what to tell, whatever its end may find.
    await (validator ? validator.stop() : home.database.close()).catch(() => {})
    throw error
  }
}

class Validator implements RunningValidator {
  readonly name: string
  readonly ended: Promise<void>
  readonly #config: ValidatorConfig
  readonly #genesis: Genesis
  readonly #identity: Identity
  readonly #home: Home
  readonly #self: number
  readonly #core: Core
  readonly #standIn: StandIn
  readonly #pool = new Pool()
  readonly #application: Application
  readonly #loop: ConsensusLoop
  readonly #intake: Intake
  readonly #clients: Clients
  readonly #spread: Spread
  readonly #catchUp: CatchUp
  readonly #transport: Transport
  readonly #pursuits: Pursuits
  readonly #admission: AdmissionList
  readonly #signatures: SignatureVerifier
  readonly #metrics: Metrics
  readonly #status: Status
  readonly #commits: Commits
  readonly #log: Log
  readonly #events: Events
  #http: { url: string; stop(): Promise<void> } | undefined
  #hasFailed = false
  #stopping: Promise<void> | undefined
  #end: (error?: unknown) => void = () => {}

  constructor(
    config: ValidatorConfig,
    genesis: Genesis,
    identity: Identity,
    self: number,
    home: Home,
    standInFor: StandInFor | undefined,
  ) {
    this.#config = config
    this.#genesis = genesis
    this.#identity = identity
    this.#home = home
    this.#self = self
    this.name = genesis.validators[self]!.name
    this.#log = createLog(config.logLevel, this.name)
    this.#events = new Events(this.#log)
    this.ended = new Promise((resolve, reject) => {
      this.#end = error => (error === undefined ? resolve() : reject(error))
    })
    // Nobody has to wait for the end: an unobserved failure is in the log.
    this.ended.catch(() => {})
    const coreConfig = coreConfigOf(home, genesis, self, identity.key)
    this.#core = createCore(coreConfig, home.restored)
    const honest = machineOf(this.#core)
    this.#standIn = standInFor?.(honest, coreConfig, home.restored) ?? { machine: honest }
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
      status: () => this.#status.forClients(),
      blame: (peerId, reason) => this.#transport.blameClient(peerId, reason),
      failed: error => this.#failed(error),
    })
    this.#transport = this.#createTransport()
    this.#pursuits = this.#createPursuits()
    this.#catchUp = this.#createCatchUp()
    this.#metrics = this.#createMetrics()
    this.#status = this.#createStatus()
    this.#commits = this.#createCommits()
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

  status(): Record<string, unknown> {
    return this.#status.show()
  }

  #nameOf = (validator: number): string => this.#genesis.validators[validator]?.name ?? String(validator)

  // Construction of the parts

  #createApplication(): Application {
    const { database, chain, tip } = this.#home
    return new Application({
      database,
      chain,
      genesis: this.#genesis,
      pool: this.#pool,
      tip,
      missing: (block, records) => this.#pursuits.fetchRecords(block, records),
    })
  }

  #createLoop(): ConsensusLoop {
    const { database, journal } = this.#home
    const application = this.#application
    return new ConsensusLoop({
      now: Date.now,
      step: (input, now, origin) => this.#standIn.machine.step(input, now, origin),
      journal: entries => journal.operations(entries),
      write: async operations => {
        const begun = performance.now()
        await database.write(operations, { sync: true })
        this.#metrics.write((performance.now() - begun) / 1_000)
      },
      build: (_view, parent) => application.build(parent, Date.now()),
      execute: block => application.execute(block),
      commit: (blocks, certificate) => this.#commits.commit(blocks, certificate),
      committed: () => this.#commits.written(),
      abandon: digests => application.abandon(digests),
      send: (to, message) => this.#transport.send(to, message),
      broadcast: message => this.#transport.broadcast(message),
      fetchBlock: digest => this.#pursuits.fetchBlock(digest),
      fetchCertificate: view => this.#pursuits.fetchCertificate(view),
      catchUp: certificate => this.#catchUp.to(certificate),
      askHeldVotes: () => this.#pursuits.askHeldVotes(),
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
      ...this.#standIn,
      application: this.#application,
      chain: this.#home.chain,
      intake: this.#intake,
      signatures: this.#signatures,
      roleOf: peerId => this.#admission.roleOf(peerId),
      pushFrom: (origin, input) => this.#loop.pushFrom(origin, input),
      openSession: session => this.#clients.open(session),
      onLink: (peer, up) => {
        if (up) this.#spread.linkUp(peer)
        this.#events.tell(linkTold(this.#nameOf(peer), up))
      },
      onAnnounced: (from, digests) => this.#pursuits.fetchAnnounced(from, digests),
      refused: code => this.#metrics.refused(code),
      failed: error => this.#failed(error),
      log: (level, event, message) => this.#log[level](event, message),
    })
  }

  #createPursuits(): Pursuits {
    return new Pursuits({
      genesis: this.#genesis,
      self: this.#self,
      core: this.#core,
      machine: this.#standIn.machine,
      application: this.#application,
      intake: this.#intake,
      signatures: this.#signatures,
      fetcher: this.#transport.fetcher,
      pushFrom: (origin, input) => this.#loop.pushFrom(origin, input),
      blame: (peer, reason) => this.#transport.blame(peer, reason),
      failed: error => this.#failed(error),
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
      committing: commit => this.#commits.operationsBeside(commit),
      committed: commit => this.#commits.caughtUp(commit),
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

  #createStatus(): Status {
    return new Status({
      genesis: this.#genesis,
      self: this.#self,
      core: this.#core,
      application: this.#application,
      pool: this.#pool,
      now: Date.now,
      nameOf: this.#nameOf,
      linked: () => this.#transport.linked(),
      sessions: () => this.#clients.count,
    })
  }

  #createCommits(): Commits {
    return new Commits({
      application: this.#application,
      pool: this.#pool,
      journal: this.#home.journal,
      evidence: this.#home.evidence,
      intake: this.#intake,
      clients: this.#clients,
      spread: this.#spread,
      admission: this.#admission,
      metrics: this.#metrics,
      status: this.#status,
      push: (...inputs) => this.#loop.push(...inputs),
      drop: (peerId, reason) => this.#transport.drop(peerId, reason),
      tell: told => this.#events.tell(told),
    })
  }

  // Life

  async start(): Promise<void> {
    this.#loop.push({ type: 'start' })
    await this.#intake.restore()
    await this.#transport.start()
    const reader = createReader({
      application: this.#application,
      chain: this.#home.chain,
      database: this.#home.database,
      registry: this.#metrics.registry,
      status: () => this.status(),
      subscribe: listener => this.#events.subscribe(listener),
      failed: error => this.#failed(error),
    })
    this.#http = await startHttp(reader, this.#config.http)
    this.#spread.pending()
    const { height } = this.#tipHeader
    this.#log.info(
      { event: 'started', height, peerId: this.peerId, multiaddrs: this.multiaddrs, http: this.http },
      'started',
    )
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

  #observe(effect: Effect): void {
    this.#metrics.observe(effect)
    const told = eventOf(effect, this.#nameOf)
    if (told) this.#events.tell(told)
    if (effect.type !== 'evidence') return
    this.#status.equivocation()
    const operations = this.#home.evidence.equivocation(effect.evidence, this.#nameOf)
    if (operations.length > 0) this.#loop.write(operations)
  }
}
