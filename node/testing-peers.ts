// Peers for tests that hold an admitted key and speak as a test wants: a client on a raw session, a validator on links, fetches and gossip.
import {
  type Ballot,
  type Block,
  encodeProposal,
  encodeVote,
  type Proposal,
  signProposal,
  signVote,
} from '../proto/chain.ts'
import { limits } from '../proto/limits.ts'
import {
  type ClientFrame,
  type ConsensusFrame,
  decodeClientFrame,
  decodeConsensusFrame,
  decodeFetchRequest,
  decodeFetchResponse,
  encodeClientFrame,
  encodeConsensusFrame,
  encodeFetchRequest,
  encodeFetchResponse,
  type FetchRequest,
  type FetchResponse,
} from '../proto/wire/codec.ts'
import { createGossip, type Gossip } from './network/gossip.ts'
import type { Host } from './network/host.ts'
import { createLinks, type Links } from './network/links.ts'
import { createRedialer, type Redialer } from './network/redial.ts'
import { createRequests, type Requests } from './network/requests.ts'
import { type ClientSession, openSession } from './network/sessions.ts'
import { until } from './network/testing.ts'
import { topics } from './spread.ts'
import { keyOf, type TestNetwork } from './testing.ts'
import type { RunningValidator } from './validator.ts'

/** A client's end of a raw session with one validator: it sends what a test makes up, and keeps what comes. */
export class RawClient {
  readonly frames: ClientFrame[] = []
  readonly session: ClientSession
  readonly host: Host
  ups = 0
  downs = 0
  /** While set, nothing more is read once this many frames are unread. */
  #blocked: Promise<void> | undefined
  #unblock: () => void = () => {}

  constructor(net: TestNetwork, host: Host, validator: RunningValidator) {
    this.host = host
    this.session = openSession({
      host,
      peerId: validator.peerId,
      multiaddrs: validator.multiaddrs,
      random: () => 0.5,
      frameBytesMax: 8 * 1024 * 1024,
      queueBytesMax: 256 * 1024 * 1024,
      onFrame: bytes => {
        if (this.#blocked !== undefined) return this.#blocked
        this.frames.push(decodeClientFrame(bytes))
        return undefined
      },
      onUp: () => {
        this.ups++
      },
      onDown: () => {
        this.downs++
      },
    })
    net.closing(() => this.close())
  }

  static async open(net: TestNetwork, name: string, validator: RunningValidator): Promise<RawClient> {
    return new RawClient(net, await net.clientHost(name), validator)
  }

  send(frame: ClientFrame): boolean {
    return this.session.send(encodeClientFrame(frame))
  }

  /** Reads nothing until `read`. */
  stopReading(): void {
    this.#blocked = new Promise(resolve => {
      this.#unblock = resolve
    })
  }

  read(): void {
    this.#blocked = undefined
    this.#unblock()
  }

  of<T extends ClientFrame['type']>(type: T): Extract<ClientFrame, { type: T }>[] {
    return this.frames.filter((frame): frame is Extract<ClientFrame, { type: T }> => frame.type === type)
  }

  async close(): Promise<void> {
    this.read()
    await this.session.close()
  }
}

/** A validator's answer to a fetch: a value, raw bytes, or none at all. */
export type Answer = FetchResponse | Uint8Array | 'silence'

const nothing = (request: FetchRequest): FetchResponse => {
  switch (request.type) {
    case 'records':
      return { type: 'records', records: [] }
    case 'block':
      return { type: 'block', block: undefined }
    case 'certificates':
      return { type: 'certificates', certificates: [] }
    case 'range':
      return { type: 'range', blocks: [], certificate: undefined }
    case 'heldVotes':
      return { type: 'heldVotes', held: undefined }
  }
}

interface Parts {
  readonly links: Links
  readonly requests: Requests
  readonly gossip: Gossip
  readonly redialer: Redialer
  readonly linksLost: ReadonlyMap<string, number>
}

/** A validator without a core: it holds the key of an index and does what it is told. */
export class EvilValidator {
  readonly index: number
  readonly host: Host
  readonly links: Links
  readonly requests: Requests
  readonly gossip: Gossip
  readonly #net: TestNetwork
  /** Frames that came over links, with the sender's peer id. */
  readonly heard: { readonly from: string; readonly frame: ConsensusFrame }[] = []
  readonly asked: FetchRequest[] = []
  /** What it answers to fetches. */
  answer: (request: FetchRequest, from: string) => Answer = nothing

  readonly #redialer: Redialer
  readonly #linksLost: ReadonlyMap<string, number>

  private constructor(net: TestNetwork, index: number, host: Host, parts: Parts) {
    this.#net = net
    this.index = index
    this.host = host
    this.links = parts.links
    this.requests = parts.requests
    this.gossip = parts.gossip
    this.#redialer = parts.redialer
    this.#linksLost = parts.linksLost
  }

  /** Listens, and keeps connections to all validators that run. */
  static async open(net: TestNetwork, index: number): Promise<EvilValidator> {
    const host = await net.host(`v${index}`, ['/ip4/127.0.0.1/tcp/0'])
    const random = (): number => 0.5
    let evil: EvilValidator | undefined
    const linksLost = new Map<string, number>()
    const links = await createLinks({
      host,
      random,
      onFrame: (from, bytes) => {
        evil?.heard.push({ from, frame: decodeConsensusFrame(bytes) })
      },
      onLinkDown: from => {
        linksLost.set(from, (linksLost.get(from) ?? 0) + 1)
      },
    })
    const requests = await createRequests({
      host,
      random,
      onRequest: async (from, bytes) => {
        const request = decodeFetchRequest(bytes)
        evil?.asked.push(request)
        const answer = evil?.answer(request, from) ?? nothing(request)
        if (answer === 'silence') return new Promise(() => {})
        return answer instanceof Uint8Array ? answer : encodeFetchResponse(answer)
      },
    })
    const gossip = await createGossip({ host, topics: Object.values(topics), onMessage: () => {} })
    await host.start()
    await gossip.start()
    const peers = net.running().map(({ peerId, multiaddrs }) => ({ peerId, multiaddrs }))
    const redialer = createRedialer({ host, peers, isMutual: true, random })
    evil = new EvilValidator(net, index, host, { links, requests, gossip, redialer, linksLost })
    net.setAddresses(index, host.multiaddrs())
    net.closing(async () => {
      redialer.stop()
      await gossip.stop()
      await requests.stop()
      await links.stop()
    })
    return evil
  }

  /** A validator that was started anew listens elsewhere. */
  follow({ peerId, multiaddrs }: RunningValidator): void {
    this.#redialer.setAddresses(peerId, multiaddrs)
  }

  get network(): string {
    return this.#net.network
  }

  isLinked(to: RunningValidator): boolean {
    return this.links.linkedPeers().includes(to.peerId)
  }

  send(to: RunningValidator, frame: ConsensusFrame | Uint8Array): boolean {
    return this.links.send(to.peerId, frame instanceof Uint8Array ? frame : encodeConsensusFrame(frame))
  }

  tellAll(frame: ConsensusFrame): void {
    this.links.broadcast(encodeConsensusFrame(frame))
  }

  vote(ballot: Ballot, signer = this.index, key = keyOf(`v${this.index}`)): ConsensusFrame {
    return { type: 'vote', bytes: encodeVote(signVote(this.network, ballot, signer, key)) }
  }

  /** A proposal of this validator's, whether it leads that view or not. */
  proposal(block: Block, attached: Partial<Proposal> = {}): ConsensusFrame {
    const signature = signProposal(this.network, block, keyOf(`v${this.index}`))
    const proposal = { block, signature, parentCertificate: undefined, nullifications: [], ...attached }
    return { type: 'proposal', bytes: encodeProposal(proposal) }
  }

  /** Sends a frame for which the link is cut; resolves when it is. */
  async provoke(to: RunningValidator, frame: ConsensusFrame | Uint8Array): Promise<void> {
    await until(() => this.isLinked(to))
    const before = this.#linksLost.get(to.peerId) ?? 0
    this.send(to, frame)
    await until(() => (this.#linksLost.get(to.peerId) ?? 0) > before)
  }

  /** Writes bytes on a stream of its own, and closes it; resolves when the peer has ended it. */
  async provokeRaw(to: RunningValidator, protocol: string, ...chunks: readonly Uint8Array[]): Promise<void> {
    const stream = await this.host.openStream(to.peerId, this.host.protocol(protocol))
    const ended = new Promise<void>(resolve => stream.addEventListener('close', () => resolve()))
    for (const chunk of chunks) {
      // The peer may have had enough after the first.
      if (stream.status !== 'open') break
      stream.send(chunk)
    }
    stream.close().catch(() => {})
    // Its end may have come before anybody listened.
    if (stream.status === 'open' || stream.status === 'closing') await ended
  }

  ask(of: RunningValidator, request: FetchRequest | Uint8Array): Promise<FetchResponse> {
    const bytes = request instanceof Uint8Array ? request : encodeFetchRequest(request)
    const options = { timeoutMs: 20_000, maxResponseBytes: limits.fetchBytes }
    return this.requests.request(of.peerId, bytes, options).then(decodeFetchResponse)
  }
}
