// A validator's network: decodes and verifies what comes over links, gossip and fetches before the core sees it, encodes what goes out,
// and keeps connections to the other validators. Indices are the validators' places in genesis.
import type { Machine } from '../consensus/machine.ts'
import type { Core } from '../consensus/state.ts'
import type { Input, Message } from '../consensus/types.ts'
import {
  type Block,
  decodeCertificate,
  decodeProposal,
  decodeVote,
  encodeCertificate,
  encodeProposal,
  encodeVote,
  leaderOf,
} from '../proto/chain.ts'
import { MupibError } from '../proto/errors.ts'
import { type Genesis, type GenesisValidator, validatorIndexOf } from '../proto/genesis.ts'
import type { Digest } from '../proto/hash.ts'
import { limits } from '../proto/limits.ts'
import {
  type ConsensusFrame,
  decodeConsensusFrame,
  decodeFetchRequest,
  decodeFetchResponse,
  encodeConsensusFrame,
  encodeFetchRequest,
  encodeFetchResponse,
  type FetchRequest,
  type FetchResponse,
} from '../proto/wire/codec.ts'
import { type AddressBook, openAddressBook } from './address-book.ts'
import type { Application } from './application.ts'
import type { ChainStore } from './chain-store.ts'
import type { Level } from './events.ts'
import { codeOf, isDamage, isSendersFault } from './faults.ts'
import { Fetcher } from './fetcher.ts'
import type { Intake } from './intake.ts'
import { createGossip, type Gossip } from './network/gossip.ts'
import { createHost, type Host, type PeerRole } from './network/host.ts'
import { networkLimits } from './network/limits.ts'
import { createLinks, type Links } from './network/links.ts'
import { createRedialer, type Redialer } from './network/redial.ts'
import { createRequests, type Requests } from './network/requests.ts'
import { createSessionServer, type Session, type SessionHandlers, type SessionServer } from './network/sessions.ts'
import { serve } from './serve.ts'
import type { SignatureVerifier } from './signatures.ts'
import { topics } from './spread.ts'
import type { FetchAnswer } from './stand-in.ts'

export interface TransportOptions {
  readonly genesis: Genesis
  readonly network: Digest
  readonly self: number
  readonly seed: Uint8Array
  readonly listen: readonly string[]
  readonly peersFile: string
  readonly core: Core
  readonly machine: Machine
  readonly application: Application
  readonly chain: ChainStore
  readonly intake: Intake
  readonly signatures: SignatureVerifier
  roleOf(peerId: string): PeerRole | undefined
  /** An input that came from a validator. */
  pushFrom(origin: number, input: Input): void
  /** Another answer than the honest one to what a validator fetches; left out by all but adversaries. */
  answer?: FetchAnswer | undefined
  openSession(session: Session): SessionHandlers
  onLink(peer: number, up: boolean): void
  /** A validator holds these records, and they are pending there. */
  onAnnounced(from: number, digests: readonly Digest[]): void
  /** A message was refused, with this code. */
  refused(code: string): void
  /** Something went wrong here, by nobody else's fault: a damaged store, a bug. */
  failed(error: unknown): void
  log(level: Level, event: Record<string, unknown>, message: string): void
}

export interface Transport {
  readonly fetcher: Fetcher
  start(): Promise<void>
  stop(): Promise<void>
  multiaddrs(): readonly string[]
  /** Validators with a live link. */
  linked(): readonly number[]
  send(to: number, message: Message): void
  broadcast(message: Message): void
  publish(topic: string, bytes: Uint8Array): void
  announce(digests: readonly Digest[], to?: number): void
  /** A validator sent something false. */
  blame(peer: number, reason: string): void
  /** A client asked for what no honest client asks. */
  blameClient(peerId: string, reason: string): void
  drop(peerId: string, reason: string): void
  gossipSkipped(): number
}

const requestTimeoutMs = 2_000

const messageFrame = (message: Message): Uint8Array => {
  switch (message.type) {
    case 'vote':
      return encodeConsensusFrame({ type: 'vote', bytes: encodeVote(message.vote) })
    case 'certificate':
      return encodeConsensusFrame({ type: 'certificate', bytes: encodeCertificate(message.certificate) })
    case 'proposal':
      return encodeConsensusFrame({ type: 'proposal', bytes: encodeProposal(message.proposal) })
  }
}

export const createTransport = (options: TransportOptions): Transport => new ValidatorTransport(options)

class ValidatorTransport implements Transport {
  readonly fetcher: Fetcher
  readonly #options: TransportOptions
  #host: Host | undefined
  #links: Links | undefined
  #requests: Requests | undefined
  #gossip: Gossip | undefined
  #sessions: SessionServer | undefined
  #redialer: Redialer | undefined
  #book: AddressBook | undefined

  constructor(options: TransportOptions) {
    this.#options = options
    this.fetcher = new Fetcher({
      request: (peer, request) => this.#request(peer, request),
      peers: () => this.#reachable(),
      blame: (peer, reason) => this.blame(peer, reason),
      failed: error => this.#options.failed(error),
    })
  }

  // Life

  async start(): Promise<void> {
    const { genesis, network, seed, listen, roleOf } = this.#options
    const host = await createHost({
      privateKey: seed,
      listen,
      networkTag: network.slice(0, 16),
      isAdmitted: roleOf,
      log: ({ kind, ...fields }) => this.#options.log('debug', { event: kind, ...fields }, kind),
    })
    this.#host = host
    const { random } = Math
    this.#links = await createLinks({
      host,
      random,
      onFrame: (peerId, frame) => this.#onFrame(peerId, frame),
      onLinkUp: peerId => this.#onLink(peerId, true),
      onLinkDown: peerId => this.#onLink(peerId, false),
    })
    this.#requests = await createRequests({
      host,
      random,
      onRequest: (peerId, bytes) => this.#onRequest(peerId, bytes),
    })
    this.#sessions = await createSessionServer({ host, onSession: session => this.#options.openSession(session) })
    this.#gossip = await createGossip({ host, topics: Object.values(topics), onMessage: () => {} })
    for (const topic of Object.values(topics))
      this.#gossip.setValidator(topic, (_peerId, bytes) => this.#onGossip(bytes))
    await host.start()
    await this.#gossip.start()
    const others = genesis.validators.filter((_, index) => index !== this.#options.self)
    this.#book = this.#openBook(others)
    const peers = others.map(({ name, peerId }) => ({ peerId, multiaddrs: this.#book!.addresses(name) }))
    this.#redialer = createRedialer({ host, peers, isMutual: true, random })
  }

  #openBook(others: readonly GenesisValidator[]): AddressBook {
    const { peersFile, log } = this.#options
    return openAddressBook(
      peersFile,
      book => {
        for (const { name, peerId } of others) {
          const known = book.addresses(name)
          if (known.length > 0) this.#redialer?.setAddresses(peerId, known)
        }
      },
      error => log('warn', { event: 'peers_file', reason: String(error) }, 'the peers file cannot be read or watched'),
    )
  }

  async stop(): Promise<void> {
    this.#book?.close()
    this.fetcher.stop()
    this.#redialer?.stop()
    await this.#gossip?.stop()
    await this.#sessions?.stop()
    await this.#requests?.stop()
    await this.#links?.stop()
    await this.#host?.stop()
  }

  multiaddrs(): readonly string[] {
    return this.#host?.multiaddrs() ?? []
  }

  linked(): readonly number[] {
    return this.#indices(this.#links?.linkedPeers() ?? [])
  }

  #reachable(): readonly number[] {
    return this.#indices(this.#requests?.reachablePeers() ?? [])
  }

  #indices(peerIds: readonly string[]): number[] {
    const indices: number[] = []
    for (const peerId of peerIds) {
      const index = validatorIndexOf(this.#options.genesis, peerId)
      if (index !== undefined) indices.push(index)
    }
    return indices.sort((a, b) => a - b)
  }

  #peerIdOf(index: number): string {
    return this.#options.genesis.validators[index]!.peerId
  }

  #onLink(peerId: string, up: boolean): void {
    const peer = validatorIndexOf(this.#options.genesis, peerId)
    if (peer === undefined) return
    if (up) {
      this.#options.pushFrom(peer, { type: 'linkUp', peer })
      this.fetcher.wake()
    }
    this.#options.onLink(peer, up)
  }

  // What goes out

  send(to: number, message: Message): void {
    this.#links?.send(this.#peerIdOf(to), messageFrame(message))
  }

  broadcast(message: Message): void {
    this.#links?.broadcast(messageFrame(message))
  }

  publish(topic: string, bytes: Uint8Array): void {
    this.#gossip?.publish(topic, bytes)
  }

  announce(digests: readonly Digest[], to?: number): void {
    const frame = encodeConsensusFrame({ type: 'announcement', digests })
    if (to === undefined) this.#links?.broadcast(frame)
    else this.#links?.send(this.#peerIdOf(to), frame)
  }

  gossipSkipped(): number {
    return this.#gossip?.counts().skipped ?? 0
  }

  blame(peer: number, reason: string): void {
    this.#options.refused('false_answer')
    this.#host?.penalize(this.#peerIdOf(peer), networkLimits.penaltyMalformed, reason)
  }

  blameClient(peerId: string, reason: string): void {
    this.#options.refused('bad_request')
    this.#host?.penalize(peerId, networkLimits.penaltyBadRequest, reason)
  }

  drop(peerId: string, reason: string): void {
    this.#host?.dropPeer(peerId, reason)
  }

  // What comes in. A throw cuts the stream and costs the peer points.

  #onFrame(peerId: string, bytes: Uint8Array): void {
    const from = validatorIndexOf(this.#options.genesis, peerId)
    if (from === undefined) return
    try {
      this.#takeFrame(from, decodeConsensusFrame(bytes))
    } catch (error) {
      const code = codeOf(error)
      this.#options.refused(code)
      // What goes wrong here must not cut the link to an honest peer.
      if (isSendersFault(code)) throw error
      this.#options.failed(error)
    }
  }

  #takeFrame(from: number, frame: ConsensusFrame): void {
    switch (frame.type) {
      case 'announcement':
        this.#options.onAnnounced(from, frame.digests)
        break
      case 'vote':
        this.#takeMessage(from, { type: 'vote', vote: decodeVote(frame.bytes) })
        break
      case 'certificate':
        this.#takeMessage(from, { type: 'certificate', certificate: decodeCertificate(frame.bytes) })
        break
      case 'proposal':
        this.#takeMessage(from, { type: 'proposal', proposal: decodeProposal(frame.bytes) })
        break
    }
  }

  #takeMessage(origin: number, message: Message): void {
    const { machine, signatures, genesis, pushFrom } = this.#options
    if (!machine.isWanted(message)) return
    const bad = (what: string): never => {
      throw new MupibError('bad_signature', `${what} whose signature does not hold`)
    }
    switch (message.type) {
      case 'vote':
        if (!signatures.vote(message.vote)) bad('a vote')
        pushFrom(origin, message)
        break
      case 'certificate':
        if (!signatures.certificate(message.certificate)) bad('a certificate')
        pushFrom(origin, message)
        break
      case 'proposal': {
        if (!signatures.proposal(message.proposal)) bad('a proposal')
        const from = leaderOf(message.proposal.block.header.view, genesis.validators.length)
        pushFrom(origin, { ...message, from })
        break
      }
    }
  }

  async #onGossip(bytes: Uint8Array): Promise<'accept' | 'ignore' | 'reject'> {
    try {
      const { state } = await this.#options.intake.take(bytes)
      // Who has it already need not pass it on: the others are told by whoever published it.
      return state === 'held' ? 'accept' : 'ignore'
    } catch (error) {
      const code = codeOf(error)
      this.#options.refused(code)
      if (isSendersFault(code)) return 'reject'
      // An honest peer may know a signer that this node learns of a block later, or have room where this one has none.
      if (code !== 'unknown_signer' && code !== 'rate_limited') this.#options.failed(error)
      return 'ignore'
    }
  }

  async #onRequest(peerId: string, bytes: Uint8Array): Promise<Uint8Array> {
    const { application, chain, machine, genesis, answer } = this.#options
    const request = decodeFetchRequest(bytes)
    try {
      const response = await serve(request, {
        chain,
        recordBytes: digest => application.recordBytes(digest),
        block: digest => this.#blockOf(digest),
        certificates: view => machine.certificates(view),
        heldVotes: validator => machine.heldVotes(validator),
      })
      const from = answer && validatorIndexOf(genesis, peerId)
      return encodeFetchResponse(from === undefined ? response : answer!(request, response, from))
    } catch (error) {
      this.#options.failed(error)
      throw isDamage(codeOf(error)) ? new MupibError('stopped', 'this validator has to stop') : error
    }
  }

  #blockOf(digest: Digest): Block | undefined {
    const { core, chain } = this.#options
    const known = core.blocks.get(digest)?.block
    if (known) return known
    const height = chain.heightOf(digest)
    return height === undefined ? undefined : chain.block(height)?.block
  }

  // Fetches

  async #request(peer: number, request: FetchRequest): Promise<FetchResponse> {
    const answer = await this.#requests!.request(this.#peerIdOf(peer), encodeFetchRequest(request), {
      timeoutMs: requestTimeoutMs,
      maxResponseBytes: limits.fetchBytes,
    })
    try {
      return decodeFetchResponse(answer)
    } catch (error) {
      if (isSendersFault(codeOf(error))) this.blame(peer, `an answer that is ${codeOf(error)}`)
      throw error
    }
  }
}
