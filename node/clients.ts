// The validator's side of client sessions: banks, auditors and the authority submit records, ask for answers and follow the ledger.
import { MupibError } from '../proto/errors.ts'
import type { Digest } from '../proto/hash.ts'
import type { RecordKind, SignedRecord } from '../proto/records.ts'
import { decodeRecordVerdict } from '../proto/verdict.ts'
import {
  type ClientFrame,
  type ClientMessage,
  decodeClientFrame,
  encodeClientFrame,
  type ValidatorStatus,
} from '../proto/wire/codec.ts'
import { answerAt, answerTo } from './answers.ts'
import type { Application, FinalRecord } from './application.ts'
import type { ChainStore, StoredBlock } from './chain-store.ts'
import { codeOf, isDamage, isSendersFault } from './faults.ts'
import type { Intake } from './intake.ts'
import { signingRoles } from './ledger/admission.ts'
import { headOf, streamOfSigner } from './ledger/queries.ts'
import { networkLimits } from './network/limits.ts'
import type { Session, SessionHandlers } from './network/sessions.ts'

export interface ClientsPorts {
  readonly application: Application
  readonly chain: ChainStore
  readonly intake: Intake
  /** A record that came from a client for the first time: have it spread. */
  spread(signed: SignedRecord, spreadByClient: boolean): void
  status(): ValidatorStatus
  /** A client sent what no honest client sends. */
  blame(peerId: string, reason: string): void
  /** Something went wrong here: a damaged store, a bug. */
  failed(error: unknown): void
}

interface Follow {
  kinds: ReadonlySet<RecordKind>
  next: number
  running: boolean
}

interface Client {
  readonly session: Session
  readonly follows: Map<number, Follow>
  /** Loops that send to it: one for each following, and for what was cancelled and waits for the client to read. */
  following: number
  /** Request ids by the digest that they wait for, and how many. */
  readonly waits: Map<Digest, Set<number>>
  waiting: number
}

const blocksAtOnce = 64

export class Clients {
  readonly #ports: ClientsPorts
  readonly #clients = new Set<Client>()
  readonly #waiting = new Map<Digest, Set<Client>>()

  constructor(ports: ClientsPorts) {
    this.#ports = ports
  }

  get count(): number {
    return this.#clients.size
  }

  /** Takes over a new session. */
  open(session: Session): SessionHandlers {
    const client: Client = { session, follows: new Map(), following: 0, waits: new Map(), waiting: 0 }
    this.#clients.add(client)
    return {
      onFrame: frame => this.#handle(client, decodeClientFrame(frame)),
      onClose: () => this.#forget(client),
    }
  }

  #forget(client: Client): void {
    this.#clients.delete(client)
    for (const digest of client.waits.keys()) this.#unwait(client, digest)
    client.follows.clear()
  }

  #send(client: Client, id: number, message: ClientMessage): void {
    client.session.send(encodeClientFrame({ id, ...message }))
  }

  async #handle(client: Client, frame: ClientFrame): Promise<void> {
    try {
      await this.#answer(client, frame)
    } catch (error) {
      // A client's bad request is answered; what is no request at all ends the session (the caller's throw).
      this.#sendError(client, frame.id, error)
    }
    // Who does not read is not read from.
    if (client.session.bufferedBytes > networkLimits.sessionUnreadBytes) await client.session.drained()
  }

  #sendError(client: Client, id: number, error: unknown): void {
    const code = codeOf(error)
    if (isSendersFault(code)) this.#ports.blame(client.session.peerId, `request_${code}`)
    if (isDamage(code) || code === 'bug') this.#ports.failed(error)
    if (isDamage(code)) {
      this.#send(client, id, { type: 'error', code: 'stopped', message: 'this validator has to stop', hint: undefined })
    } else {
      const { message, hint } = error instanceof MupibError ? error : { message: 'a bug', hint: undefined }
      this.#send(client, id, { type: 'error', code, message, hint })
    }
  }

  async #answer(client: Client, frame: ClientFrame): Promise<void> {
    const { id } = frame
    switch (frame.type) {
      case 'submit':
        return this.#submit(client, id, frame.record, frame.spread, frame.answer)
      case 'queryRecord': {
        const answer = answerTo(this.#ports.chain, frame.digest)
        if (answer) this.#send(client, id, { type: 'answer', answer })
        else {
          const state = this.#ports.application.holds(frame.digest) ? 'held' : 'unknown'
          this.#send(client, id, { type: 'received', digest: frame.digest, state })
        }
        return
      }
      case 'fetchRecord': {
        const { chain } = this.#ports
        // what is not final is nobody's yet: it may be refused, or never be decided
        const record = chain.isDecided(frame.digest) ? chain.recordBytes(frame.digest) : undefined
        this.#send(client, id, { type: 'record', record })
        return
      }
      case 'queryStream': {
        const { state } = this.#ports.application
        const stream = streamOfSigner(state, frame.signer, frame.kind, frame.user)
        if (!stream)
          throw new MupibError('unknown_signer', 'no member that signs this kind has this certificate', {
            field: 'signer',
          })
        this.#send(client, id, { type: 'streamHead', ...headOf(state, stream) })
        return
      }
      case 'follow':
        return this.#follow(client, id, frame.fromHeight, frame.kinds)
      case 'cancel':
        client.follows.delete(id)
        for (const [digest, ids] of client.waits) {
          if (ids.delete(id)) client.waiting--
          if (ids.size === 0) this.#unwait(client, digest)
        }
        return
      case 'queryStatus':
        this.#send(client, id, { type: 'status', status: this.#ports.status() })
        return
      default:
        throw new MupibError('malformed', `a client does not send ${frame.type}`)
    }
  }

  async #submit(client: Client, id: number, bytes: Uint8Array, spread: boolean, wanted: boolean): Promise<void> {
    const { state, signed } = await this.#ports.intake.take(bytes, ({ record }) => {
      if (!signingRoles[record.kind].some(role => role === client.session.role))
        throw new MupibError('wrong_role', `${client.session.role} clients submit no ${record.kind} records`)
    })
    const { digest } = signed
    if (state === 'held') this.#ports.spread(signed, spread)
    const answer = wanted ? answerTo(this.#ports.chain, digest) : undefined
    this.#send(client, id, { type: 'received', digest, state: state === 'decided' || answer ? 'decided' : 'held' })
    if (answer) this.#send(client, id, { type: 'answer', answer })
    else if (wanted && state !== 'decided') this.#wait(client, digest, id)
  }

  #wait(client: Client, digest: Digest, id: number): void {
    // The session may have ended while the record was written.
    if (!this.#clients.has(client)) return
    const ids = client.waits.get(digest) ?? new Set<number>()
    if (ids.has(id)) return
    if (client.waiting >= networkLimits.sessionWaits)
      throw new MupibError('rate_limited', 'too many requests of this session wait for their answers')
    client.waiting++
    client.waits.set(digest, ids.add(id))
    const clients = this.#waiting.get(digest) ?? new Set<Client>()
    this.#waiting.set(digest, clients.add(client))
  }

  #unwait(client: Client, digest: Digest): void {
    client.waiting -= client.waits.get(digest)?.size ?? 0
    client.waits.delete(digest)
    const clients = this.#waiting.get(digest)
    clients?.delete(client)
    if (clients?.size === 0) this.#waiting.delete(digest)
  }

  /** Tells clients of records that have just become final, and of their own waiting first. */
  recordsFinal(records: readonly FinalRecord[]): void {
    for (const { digest, answer, stored, place } of records) {
      const clients = this.#waiting.get(digest)
      if (!clients) continue
      const whole = answerAt(this.#ports.chain, stored, place, answer)
      if (!whole) continue
      for (const client of [...clients]) {
        for (const id of client.waits.get(digest) ?? []) this.#send(client, id, { type: 'answer', answer: whole })
        this.#unwait(client, digest)
      }
    }
    for (const client of this.#clients) for (const id of client.follows.keys()) void this.#followOn(client, id)
  }

  /** Begins to follow, or begins anew under an id that is in use. */
  #follow(client: Client, id: number, fromHeight: number, kinds: readonly RecordKind[]): void {
    const next = Math.max(1, fromHeight)
    const known = client.follows.get(id)
    if (known) {
      known.kinds = new Set(kinds)
      known.next = next
    } else {
      if (Math.max(client.follows.size, client.following) >= networkLimits.sessionFollows)
        throw new MupibError('rate_limited', 'this session follows the ledger too many times')
      client.follows.set(id, { kinds: new Set(kinds), next, running: false })
    }
    void this.#followOn(client, id)
  }

  /** Sends a follower what it lacks, no faster than it reads. */
  async #followOn(client: Client, id: number): Promise<void> {
    const follow = client.follows.get(id)
    if (!follow || follow.running) return
    follow.running = true
    client.following++
    try {
      // what is final and still on its way to the disk comes with the next call
      while (client.follows.get(id) === follow && follow.next <= this.#ports.status().height) {
        for await (const stored of this.#ports.chain.blocksFrom(follow.next, blocksAtOnce)) {
          const { height } = stored.block.header
          if (client.follows.get(id) !== follow) return
          if (height !== follow.next) break
          await this.#sendFollowed(client, id, follow, stored)
          if (follow.next === height) follow.next++
        }
        if (client.follows.get(id) !== follow) return
        this.#send(client, id, { type: 'followed', height: follow.next - 1 })
      }
    } catch (error) {
      client.follows.delete(id)
      this.#sendError(client, id, error)
    } finally {
      follow.running = false
      client.following--
    }
  }

  async #sendFollowed(client: Client, id: number, follow: Follow, stored: StoredBlock): Promise<void> {
    const { chain } = this.#ports
    for (const [place, digest] of stored.block.records.entries()) {
      const kept = chain.answer(digest)
      if (!kept) throw new MupibError('store_corrupt', `the answer to record ${digest} is missing`)
      if (!follow.kinds.has(decodeRecordVerdict(kept.leaf).kind)) continue
      const answer = answerAt(chain, stored, place, kept)
      if (answer) this.#send(client, id, { type: 'answer', answer })
      // One block may hold more than may wait for a client.
      await client.session.drained()
    }
  }
}
