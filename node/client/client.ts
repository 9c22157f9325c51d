// The ledger client of banks, auditors and the authority: sessions with all validators, and nothing believed that is not proved or said by f+1.
import { faultsBorne, quorumOf } from '../../proto/chain.ts'
import { MupibError } from '../../proto/errors.ts'
import { type Genesis, genesisHash, memberByPeerId, validatorIndexOf, validatorKeys } from '../../proto/genesis.ts'
import type { Digest } from '../../proto/hash.ts'
import { type SignatureCheck, signingKeyFromSeed } from '../../proto/keys.ts'
import { peerIdOf } from '../../proto/peer-id.ts'
import { verifyAnswer } from '../../proto/proof.ts'
import type { RecordKind, SignedRecord } from '../../proto/records.ts'
import { type ClientFrame, encodeClientFrame, type RecordAnswer } from '../../proto/wire/codec.ts'
import { type AddressBook, openAddressBook } from '../address-book.ts'
import { systemRandom } from '../network/backoff.ts'
import { createHost, type Host } from '../network/host.ts'
import { createSignatureCheck } from './checked-signatures.ts'
import { Following, stoppedError } from './following.ts'
import { HeadQuestion, HeightQuestion, RecordQuestion } from './questions.ts'
import { RecordBytesQuestion } from './record-bytes.ts'
import type { Request, RequestContext } from './requests.ts'
import { clientSettings } from './settings.ts'
import { Submission } from './submission.ts'
import type { FollowedBatch, LedgerClient, StreamHead, ValidatorConnection, VerifiedAnswer } from './types.ts'
import { ValidatorLink } from './validator-link.ts'

/** What a client tells its log; `kind` is stable. */
export interface ClientEvent {
  readonly kind: string
  readonly [field: string]: unknown
}

export interface ConnectOptions {
  readonly genesis: Genesis
  /** 32-byte Ed25519 seed of the bank, auditor or authority. */
  readonly seed: Uint8Array
  /** JSON file with the validators' addresses; watched. */
  readonly peersFile: string
  /** Fingerprint of the own certificate, for stream heads; found in genesis where it is left out. */
  readonly fingerprint?: Digest
  readonly log?: (event: ClientEvent) => void
}

/** What hosts of one network put into their handshake and protocol names. */
export const networkTagOf = (network: Digest): string => network.slice(0, 16)

const status = 0

class Client implements LedgerClient, RequestContext {
  readonly faults: number
  readonly quorum: number
  readonly #network: Digest
  readonly #keys: readonly Uint8Array[]
  readonly #check: SignatureCheck = createSignatureCheck()
  readonly #fingerprint: Digest | undefined
  readonly #host: Host
  readonly #log: (event: ClientEvent) => void
  readonly #links: readonly ValidatorLink[]
  readonly #requests = new Map<number, Request>()
  readonly #submissions = new Map<Digest, Submission>()
  readonly #waiting: (() => void)[] = []
  readonly #readyWaiters = new Set<{ count: number; resolve: () => void; reject: (error: Error) => void }>()
  readonly #book: AddressBook
  #bytesInFlight = 0
  #recordsInFlight = 0
  #lastId = status
  #rotation = 0
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(host: Host, options: ConnectOptions, network: Digest) {
    const { genesis, peersFile } = options
    this.#host = host
    this.#network = network
    this.#keys = validatorKeys(genesis)
    this.#log = options.log ?? (() => {})
    this.faults = faultsBorne(genesis.validators.length)
    this.quorum = quorumOf(genesis.validators.length)
    this.#fingerprint = options.fingerprint ?? fingerprintOf(genesis, host.peerId)
    this.#book = openAddressBook(
      peersFile,
      book => {
        for (const link of this.#links) link.setAddresses(book.addresses(link.name))
      },
      error => this.#log({ kind: 'addresses_unreadable', reason: String(error) }),
    )
    this.#links = genesis.validators.map(
      ({ name, peerId }, index) =>
        new ValidatorLink({
          host,
          index,
          name,
          peerId,
          addresses: this.#book.addresses(name),
          random: () => this.random(),
          handlers: {
            onUp: link => this.#up(link),
            onDown: link => this.#down(link),
            onFrame: (link, frame) => this.#receive(link, frame),
          },
        }),
    )
  }

  now(): number {
    return performance.now()
  }

  random(): number {
    return systemRandom()
  }

  links(): readonly ValidatorLink[] {
    const up = this.#links.filter(link => link.isUp)
    // a new one first each time, so that answers are asked of all alike
    this.#rotation = (this.#rotation + 1) % this.#links.length
    const from = up.findIndex(link => link.index >= this.#rotation)
    const turned = from > 0 ? [...up.slice(from), ...up.slice(0, from)] : up
    const rank = (link: ValidatorLink): number => (link.isDistrusted ? 2 : link.isSilent ? 1 : 0)
    return turned.sort((a, b) => rank(a) - rank(b))
  }

  verified(link: ValidatorLink, answer: RecordAnswer, digest: Digest | undefined): VerifiedAnswer | undefined {
    try {
      const proved = verifyAnswer(answer, this.#network, this.#keys, this.#check)
      if (digest !== undefined && proved.digest !== digest)
        throw new MupibError('bad_proof', 'an answer to another record')
      link.noteHeight(proved.height)
      return {
        digest: proved.digest,
        verdict: proved.verdict,
        transactions: proved.transactions,
        height: proved.height,
        time: proved.time,
        answer,
      }
    } catch (error) {
      if (!(error instanceof MupibError) || error.code === 'bug') throw error
      this.distrust(link, error.message)
      return undefined
    }
  }

  distrust(link: ValidatorLink, reason: string): void {
    link.isDistrusted = true
    this.#log({ kind: 'bad_answer', validator: link.name, reason })
  }

  settle(request: Request): void {
    this.#requests.delete(request.id)
    if (request instanceof Submission && this.#submissions.delete(request.record.digest)) {
      this.#recordsInFlight -= 1
      this.#bytesInFlight -= request.record.bytes.length
      if (this.#hasRoom()) this.#waiting.shift()?.()
    }
    if (this.#requests.size === 0) {
      clearInterval(this.#timer)
      this.#timer = undefined
    }
  }

  #nextId(): number {
    this.#lastId = this.#lastId >= 0xffff_fff0 ? status + 1 : this.#lastId + 1
    return this.#requests.has(this.#lastId) ? this.#nextId() : this.#lastId
  }

  #open(request: Request): void {
    this.#requests.set(request.id, request)
    this.#timer ??= setInterval(() => this.#tick(), clientSettings.tickMs)
    for (const link of this.links()) request.begin(link)
  }

  #tick(): void {
    const now = this.now()
    for (const request of [...this.#requests.values()]) request.tick(now)
  }

  #up(link: ValidatorLink): void {
    this.#log({ kind: 'validator_up', validator: link.name })
    link.send(encodeClientFrame({ id: status, type: 'queryStatus' }))
    for (const request of this.#requests.values()) request.begin(link)
    this.#tellReady()
  }

  #down(link: ValidatorLink): void {
    this.#log({ kind: 'validator_down', validator: link.name })
    for (const request of [...this.#requests.values()]) request.down(link)
  }

  #receive(link: ValidatorLink, frame: ClientFrame): void {
    if (frame.type === 'status') link.noteHeight(frame.status.height)
    else if (frame.type === 'followed') link.noteHeight(frame.height)
    if (frame.id !== status) this.#requests.get(frame.id)?.receive(link, frame)
  }

  #hasRoom(): boolean {
    const { inFlightRecords, inFlightBytes } = clientSettings
    return this.#recordsInFlight < inFlightRecords && this.#bytesInFlight < inFlightBytes
  }

  async submit(record: SignedRecord): Promise<VerifiedAnswer> {
    while (!this.#hasRoom() && !this.#isClosed && !this.#submissions.has(record.digest))
      await new Promise<void>(resolve => this.#waiting.push(resolve))
    this.#checkOpen()
    const known = this.#submissions.get(record.digest)
    if (known) return known.answered
    const submission = new Submission(this.#nextId(), record, this)
    this.#submissions.set(record.digest, submission)
    this.#recordsInFlight += 1
    this.#bytesInFlight += record.bytes.length
    this.#open(submission)
    // whoever waited behind this one may fit as well
    if (this.#hasRoom()) this.#waiting.shift()?.()
    return submission.answered
  }

  async lookUp(digest: Digest): Promise<VerifiedAnswer | undefined> {
    this.#checkOpen()
    const question = new RecordQuestion(this.#nextId(), digest, this)
    this.#open(question)
    return question.answered
  }

  async recordBytes(digest: Digest): Promise<Uint8Array | undefined> {
    this.#checkOpen()
    const question = new RecordBytesQuestion(this.#nextId(), digest, this)
    this.#open(question)
    return question.answered
  }

  async streamHead(kind: RecordKind, user?: Uint8Array): Promise<StreamHead> {
    this.#checkOpen()
    const signer = this.#fingerprint
    if (signer === undefined)
      throw new MupibError('unknown_signer', 'no certificate of this key is known', {
        hint: 'name the certificate in the configuration',
      })
    const question = new HeadQuestion(this.#nextId(), { kind, signer, user }, this)
    this.#open(question)
    return question.answered
  }

  async *follow(fromHeight: number, kinds: readonly RecordKind[], signal: AbortSignal): AsyncGenerator<FollowedBatch> {
    this.#checkOpen()
    const following = new Following(this.#nextId(), fromHeight, kinds, this)
    this.#open(following)
    yield* following.batches(signal)
  }

  async height(): Promise<number> {
    this.#checkOpen()
    const question = new HeightQuestion(this.#nextId(), this)
    this.#open(question)
    return question.answered
  }

  connections(): readonly ValidatorConnection[] {
    return this.#links.map(({ name, isUp, height }) => ({ name, connected: isUp, height }))
  }

  ready(count = this.faults + 1): Promise<void> {
    if (this.#isClosed) return Promise.reject(stoppedError())
    return new Promise((resolve, reject) => {
      this.#readyWaiters.add({ count, resolve, reject })
      this.#tellReady()
    })
  }

  #tellReady(): void {
    const up = this.#links.filter(link => link.isUp).length
    for (const waiter of [...this.#readyWaiters]) {
      if (up < waiter.count) continue
      this.#readyWaiters.delete(waiter)
      waiter.resolve()
    }
  }

  #checkOpen(): void {
    if (this.#isClosed) throw stoppedError()
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    clearInterval(this.#timer)
    this.#book.close()
    const error = stoppedError()
    for (const waiter of this.#readyWaiters) waiter.reject(error)
    this.#readyWaiters.clear()
    for (const request of this.#requests.values()) request.stop(error)
    this.#requests.clear()
    this.#submissions.clear()
    for (const wake of this.#waiting.splice(0)) wake()
    await Promise.all(this.#links.map(link => link.close()))
    await this.#host.stop()
  }
}

function fingerprintOf(genesis: Genesis, peerId: string): Digest | undefined {
  if (genesis.authority.peerId === peerId) return genesis.authority.fingerprint
  return memberByPeerId(genesis, peerId)?.certificate.fingerprint
}

/**
 * Starts connecting to all validators and returns at once: `ready` tells when enough are there, and requests wait by themselves.
 * Throws `bad_config`, `permission` for the peers file, `bad_key` for the seed.
 */
export async function connectLedger(options: ConnectOptions): Promise<LedgerClient> {
  const { genesis, seed, log } = options
  const network = genesisHash(genesis)
  const { publicKey } = signingKeyFromSeed(seed)
  const own = peerIdOf(publicKey)
  if (validatorIndexOf(genesis, own) !== undefined)
    throw new MupibError('wrong_role', "a validator's key cannot be a client's")
  const host = await createHost({
    privateKey: seed,
    listen: [],
    networkTag: networkTagOf(network),
    isAdmitted: peerId => (validatorIndexOf(genesis, peerId) === undefined ? undefined : 'validator'),
    ...(log === undefined ? {} : { log }),
  })
  await host.start()
  try {
    return new Client(host, options, network)
  } catch (error) {
    await host.stop()
    throw error
  }
}
