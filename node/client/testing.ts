// Scripted validators for tests of clients: real libp2p hosts and sessions, the real ledger rules in one shared ledger that decides at once
// (or when told), and for each validator whatever it is to do differently.
import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { bytesOfHex, toHex } from '../../proto/bytes.ts'
import { createBlock, encodeCertificate, encodeHeader, genesisBlock, outcomeOf, quorumOf } from '../../proto/chain.ts'
import { MupibError } from '../../proto/errors.ts'
import { type Genesis, genesisHash, genesisToJson, memberByPeerId } from '../../proto/genesis.ts'
import { type Digest, sha256Hex } from '../../proto/hash.ts'
import { merklePath } from '../../proto/merkle.ts'
import { decodeRecord, type RecordKind, type SignedRecord } from '../../proto/records.ts'
import { certify, testGenesis } from '../../proto/testing.ts'
import { recordLeafHash } from '../../proto/verdict.ts'
import {
  type ClientFrame,
  type ClientMessage,
  decodeClientFrame,
  encodeClientFrame,
  type RecordAnswer,
  type ValidatorStatus,
} from '../../proto/wire/codec.ts'
import { examine } from '../ledger/admission.ts'
import { executeBlock } from '../ledger/execute.ts'
import { MapDraft } from '../ledger/map-draft.ts'
import { initialState } from '../ledger/members.ts'
import { headOf, streamOfSigner } from '../ledger/queries.ts'
import { createHost, type Host, type PeerRole } from '../network/host.ts'
import { createSessionServer, type Session, type SessionServer } from '../network/sessions.ts'

/** Seed of `keyOf(name)` in proto/testing.ts. */
export const seedOfName = (name: string): Uint8Array => bytesOfHex(sha256Hex(Buffer.from(name)))

/** Decides records with the real rules, a block for each, certified by the first q validators. */
export class TestLedger {
  readonly genesis: Genesis
  readonly network: Digest
  readonly answers = new Map<Digest, RecordAnswer>()
  /** Bytes of the decided records. */
  readonly records = new Map<Digest, Uint8Array>()
  readonly order: { readonly digest: Digest; readonly kind: RecordKind; readonly height: number }[] = []
  /** Records submitted while held wait for `release`. */
  isHolding = false
  #draft = new MapDraft()
  #height = 0
  #time: number
  #parent: { digest: Digest; outcome: Digest }
  readonly #waiting = new Map<Digest, SignedRecord>()
  readonly #listeners = new Set<(digest: Digest) => void>()

  constructor(genesis: Genesis) {
    this.genesis = genesis
    this.network = genesisHash(genesis)
    const { publicKey, fingerprint } = genesis.authority
    const authority = { publicKey, fingerprint, notBefore: 0, notAfter: Number.MAX_SAFE_INTEGER }
    initialState({ authority, validators: genesis.validators, members: genesis.members }, this.#draft)
    // tokens are issued at the clock's time, so blocks are decided at it too
    this.#time = Date.now()
    const first = genesisBlock(this.network, this.#draft.root(), genesis.time)
    this.#parent = { digest: first.block.digest, outcome: first.outcome }
  }

  get height(): number {
    return this.#height
  }

  /** Lets time pass: blocks are decided at this time or later. */
  passTo(time: number): void {
    this.#time = Math.max(this.#time, time)
  }

  onDecided(listener: (digest: Digest) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Takes a record; decides it, and what it was waited for, unless holding. */
  take(bytes: Uint8Array): Digest {
    const signed = decodeRecord(new Uint8Array(bytes))
    if (!this.answers.has(signed.digest)) this.#waiting.set(signed.digest, signed)
    if (!this.isHolding) this.release()
    return signed.digest
  }

  isHeld(digest: Digest): boolean {
    return this.#waiting.has(digest)
  }

  /** Decides what waits and can be decided. */
  release(): void {
    this.isHolding = false
    for (let progress = true; progress; ) {
      progress = false
      for (const signed of this.#waiting.values()) {
        this.#time = Math.max(this.#time + 1, Date.now())
        const { admission } = examine(this.#draft, signed, { height: this.#height + 1, time: this.#time })
        if (admission === 'ahead') continue
        this.#waiting.delete(signed.digest)
        this.#decide(signed)
        progress = true
      }
    }
  }

  #decide(signed: SignedRecord): void {
    const draft = new MapDraft(this.#draft)
    const height = this.#height + 1
    const executed = executeBlock(draft, { height, time: this.#time }, this.#time - 1, [signed])
    if ('invalid' in executed) throw new Error(`the test ledger cannot decide ${signed.digest}: ${executed.invalid}`)
    const header = {
      network: this.network,
      height,
      view: height,
      parent: this.#parent.digest,
      parentOutcome: this.#parent.outcome,
      time: this.#time,
    }
    const block = createBlock(header, [signed.digest])
    const outcome = outcomeOf(executed.verdictRoot, executed.stateRoot)
    const signers = Array.from({ length: quorumOf(this.genesis.validators.length) }, (_, i) => i)
    const certificate = certify(
      this.network,
      { kind: 'finalize', view: height, digest: block.digest, outcome },
      signers,
    )
    const [answer] = executed.answers
    this.answers.set(signed.digest, {
      header: encodeHeader(block.header),
      verdictRoot: executed.verdictRoot,
      stateRoot: executed.stateRoot,
      recordLeaf: answer!.leaf,
      leafIndex: 0,
      leafCount: 1,
      path: merklePath([recordLeafHash(answer!.leaf)], 0).map(toHex),
      transactionLeaves: answer!.transactions,
      descendants: [],
      certificate: encodeCertificate(certificate),
    })
    this.records.set(signed.digest, signed.bytes)
    this.#draft = draft
    this.#height = height
    this.#parent = { digest: block.digest, outcome }
    this.order.push({ digest: signed.digest, kind: signed.record.kind, height })
    for (const listener of [...this.#listeners]) listener(signed.digest)
  }

  status(name: string): ValidatorStatus {
    const { digest } = this.#parent
    return { name, height: this.#height, view: this.#height, digest, stateRoot: this.#draft.root(), mayVote: true }
  }

  head(kind: RecordKind, signer: Digest, user: Uint8Array | undefined): { number: number; digest: Digest } {
    const stream = streamOfSigner(this.#draft, signer, kind, user)
    if (!stream) throw new MupibError('unknown_signer', 'no such member')
    return headOf(this.#draft, stream)
  }
}

/** What a scripted validator does with a frame: `true` where it has dealt with it, otherwise it does as an honest one. */
export type Script = (frame: ClientFrame, reply: (message: ClientMessage) => void, session: Session) => boolean

export interface TestValidator {
  readonly name: string
  readonly host: Host
  script: Script | undefined
  /** Frames that came, oldest first. */
  readonly frames: ClientFrame[]
  /** Goes away without a word, and comes back at another address. */
  stop(): Promise<void>
  start(): Promise<void>
}

export interface TestNetwork {
  readonly dir: string
  readonly genesis: Genesis
  readonly genesisFile: string
  readonly peersFile: string
  readonly ledger: TestLedger
  readonly validators: readonly TestValidator[]
  close(): Promise<void>
}

class ScriptedValidator implements TestValidator {
  readonly name: string
  script: Script | undefined
  readonly frames: ClientFrame[] = []
  #host: Host | undefined
  #server: SessionServer | undefined
  readonly #ledger: TestLedger
  readonly #changed: () => void
  #forget: () => void = () => {}

  constructor(name: string, ledger: TestLedger, changed: () => void) {
    this.name = name
    this.#ledger = ledger
    this.#changed = changed
  }

  get host(): Host {
    return this.#host!
  }

  get addresses(): string[] {
    return this.#host?.multiaddrs() ?? []
  }

  async start(): Promise<void> {
    const { genesis, network } = this.#ledger
    const roleOf = (peerId: string): PeerRole | undefined =>
      genesis.authority.peerId === peerId ? 'authority' : memberByPeerId(genesis, peerId)?.role
    this.#host = await createHost({
      privateKey: seedOfName(this.name),
      listen: ['/ip4/127.0.0.1/tcp/0'],
      networkTag: network.slice(0, 16),
      isAdmitted: roleOf,
    })
    this.#server = await createSessionServer({ host: this.#host, onSession: session => this.#serve(session) })
    await this.#host.start()
    this.#changed()
  }

  async stop(): Promise<void> {
    this.#forget()
    await this.#server?.stop()
    await this.#host?.stop()
    this.#server = undefined
    this.#host = undefined
  }

  #serve(session: Session) {
    const waiting = new Map<Digest, number>()
    const send = (id: number, message: ClientMessage): void => void session.send(encodeClientFrame({ id, ...message }))
    const follows = new Map<number, { kinds: readonly RecordKind[]; next: number }>()
    const followOn = (): void => {
      for (const [id, follow] of follows) {
        for (const { digest, kind, height } of this.#ledger.order)
          if (height >= follow.next && follow.kinds.includes(kind))
            send(id, { type: 'answer', answer: this.#ledger.answers.get(digest)! })
        follow.next = this.#ledger.height + 1
        send(id, { type: 'followed', height: this.#ledger.height })
      }
    }
    this.#forget = this.#ledger.onDecided(digest => {
      const id = waiting.get(digest)
      waiting.delete(digest)
      if (id !== undefined) send(id, { type: 'answer', answer: this.#ledger.answers.get(digest)! })
      followOn()
    })
    const forget = this.#forget
    const answer = (frame: ClientFrame): void => {
      const reply = (message: ClientMessage): void => send(frame.id, message)
      if (this.script?.(frame, reply, session)) return
      switch (frame.type) {
        case 'submit': {
          const { digest } = decodeRecord(frame.record)
          if (frame.answer) waiting.set(digest, frame.id)
          reply({ type: 'received', digest, state: this.#ledger.answers.has(digest) ? 'decided' : 'held' })
          this.#ledger.take(frame.record)
          const decided = this.#ledger.answers.get(digest)
          if (decided && waiting.delete(digest)) reply({ type: 'answer', answer: decided })
          return
        }
        case 'queryRecord': {
          const { digest } = frame
          const decided = this.#ledger.answers.get(digest)
          if (decided) reply({ type: 'answer', answer: decided })
          else reply({ type: 'received', digest, state: this.#ledger.isHeld(digest) ? 'held' : 'unknown' })
          return
        }
        case 'fetchRecord':
          reply({ type: 'record', record: this.#ledger.records.get(frame.digest) })
          return
        case 'queryStream':
          reply({ type: 'streamHead', ...this.#ledger.head(frame.kind, frame.signer, frame.user) })
          return
        case 'follow':
          follows.set(frame.id, { kinds: frame.kinds, next: frame.fromHeight })
          followOn()
          return
        case 'queryStatus':
          reply({ type: 'status', status: this.#ledger.status(this.name) })
          return
        case 'cancel':
          follows.delete(frame.id)
          return
      }
    }
    return {
      onFrame: (bytes: Uint8Array) => {
        const frame = decodeClientFrame(bytes)
        this.frames.push(frame)
        answer(frame)
      },
      onClose: forget,
    }
  }
}

/** Starts scripted validators with a genesis that names a bank and an auditor (keys `keyOf('bank')`, `keyOf('auditor')`). */
export async function createTestNetwork(count = 4, moreAuditors: readonly string[] = []): Promise<TestNetwork> {
  const genesis = await testGenesis(count, moreAuditors)
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'mupib-client-'))
  const genesisFile = path.join(dir, 'genesis.json')
  fs.writeFileSync(genesisFile, genesisToJson(genesis))
  const peersFile = path.join(dir, 'peers.json')
  const ledger = new TestLedger(genesis)
  const writePeers = (): void => {
    const beside = `${peersFile}.tmp`
    const peers = Object.fromEntries(validators.map(validator => [validator.name, validator.addresses]))
    fs.writeFileSync(beside, JSON.stringify(peers))
    fs.renameSync(beside, peersFile)
  }
  const validators = genesis.validators.map(({ name }) => new ScriptedValidator(name, ledger, () => writePeers()))
  await Promise.all(validators.map(validator => validator.start()))
  return {
    dir,
    genesis,
    genesisFile,
    peersFile,
    ledger,
    validators,
    async close() {
      await Promise.all(validators.map(validator => validator.stop()))
      fs.rmSync(dir, { recursive: true, force: true })
    },
  }
}
