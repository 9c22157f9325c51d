// Networks for tests: real validators in this process on loopback with stores in a temporary folder, real clients, and peers that hold an
// admitted key but speak as a test wants.
import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { bytesOfHex, toHex } from '../proto/bytes.ts'
import { type Certificate, createRootCertificate, issueCertificate } from '../proto/certificates.ts'
import { createGenesis, type Genesis, type GenesisTiming, genesisHash, genesisToJson } from '../proto/genesis.ts'
import { type Digest, digestOf, sha256Hex, zeroDigest } from '../proto/hash.ts'
import { type SigningKey, signingKeyFromSeed } from '../proto/keys.ts'
import {
  decodeRecord,
  type LedgerRecord,
  type Membership,
  type Publication,
  type Revocation,
  type SignedRecord,
  signRecord,
  type TokenBlock,
} from '../proto/records.ts'
import { groupDigest, payloadDigest, signPayload, signToken, type TokenGroup, TokenHasher } from '../proto/token.ts'
import { type ClientFrame, decodeClientFrame, encodeClientFrame } from '../proto/wire/codec.ts'
import { connectLedger, networkTagOf } from './client/client.ts'
import type { LedgerClient } from './client/types.ts'
import type { NodeEvent } from './http.ts'
import { type LooseToken, layOutTokens } from './ledger/form.ts'
import { createHost, type Host, type PeerRole } from './network/host.ts'
import { type ClientSession, openSession } from './network/sessions.ts'
import { type RunningValidator, startValidator } from './validator.ts'

export const seedOf = (name: string): Uint8Array => bytesOfHex(sha256Hex(Buffer.from(name)))
export const keyOf = (name: string): SigningKey => signingKeyFromSeed(seedOf(name))

const dayMs = 86_400_000
export const tokenValue = 5n

export interface NetworkOptions {
  readonly validators?: number
  readonly timing?: Partial<GenesisTiming>
  readonly limits?: { readonly proposalRecords: number; readonly clientRecords: number }
}

/** A network's files, its validators as far as they run, and what was opened on it. */
export class TestNetwork {
  readonly folder: string
  readonly genesis: Genesis
  readonly network: Digest
  readonly root: Certificate
  readonly peersFile: string
  readonly #running = new Map<number, RunningValidator>()
  readonly #toClose: (() => Promise<void>)[] = []
  readonly #addresses: Record<string, readonly string[]> = {}

  private constructor(folder: string, genesis: Genesis, root: Certificate) {
    this.folder = folder
    this.genesis = genesis
    this.network = genesisHash(genesis)
    this.root = root
    this.peersFile = path.join(folder, 'peers.json')
  }

  /** Makes keys, certificates, genesis and config files; no validator runs yet. Members: bank, auditor, mallory-bank, mallory. */
  static async create(options: NetworkOptions = {}): Promise<TestNetwork> {
    const { validators = 4, limits = { proposalRecords: 256, clientRecords: 128 } } = options
    const now = Date.now()
    const authority = keyOf('authority')
    const validity = { notBefore: now - dayMs, notAfter: now + 365 * dayMs }
    const root = await createRootCertificate({ name: 'authority', key: authority, ...validity, serialNumber: '01' })
    const members = [
      { name: 'bank', role: 'bank' as const, tokenValue },
      { name: 'auditor', role: 'auditor' as const, tokenValue: 0n },
      { name: 'mallory-bank', role: 'bank' as const, tokenValue },
      { name: 'mallory', role: 'auditor' as const, tokenValue: 0n },
    ]
    const genesis = createGenesis({
      name: 'test-net',
      time: now - 1_000,
      timing: { timeoutMs: 500, idleMs: 60_000, driftMs: 2_000, ...options.timing },
      limits,
      authority: { publicKey: authority.publicKey, fingerprint: root.facts.fingerprint },
      roots: [root.der],
      validators: Array.from({ length: validators }, (_, index) => ({
        name: `v${index}`,
        publicKey: keyOf(`v${index}`).publicKey,
      })),
      members: await Promise.all(
        members.map(async (member, index) => {
          const certificate = await issueCertificate({
            issuer: root,
            issuerKey: authority,
            name: member.name,
            role: member.role,
            publicKey: keyOf(member.name).publicKey,
            ...validity,
            serialNumber: `1${index}`,
          })
          return { ...member, certificate: certificate.facts, certificateDer: certificate.der }
        }),
      ),
    })
    const net = new TestNetwork(fs.mkdtempSync(path.join(os.tmpdir(), 'mupib-node-')), genesis, root)
    fs.writeFileSync(path.join(net.folder, 'genesis.json'), genesisToJson(genesis))
    net.#writePeers()
    for (let index = 0; index < validators; index++) net.writeConfig(`v${index}`)
    return net
  }

  /** Writes a validator's folder: key and config. */
  writeConfig(name: string, genesis = '../genesis.json', store = 'store'): string {
    const folder = path.join(this.folder, name)
    fs.mkdirSync(folder, { recursive: true })
    const seed = toHex(seedOf(name))
    const key = { algorithm: 'ed25519', seed, publicKey: toHex(keyOf(name).publicKey) }
    fs.writeFileSync(path.join(folder, 'key.json'), JSON.stringify(key))
    const file = path.join(folder, 'config.json')
    const config = {
      genesis,
      key: 'key.json',
      store,
      peers: '../peers.json',
      listen: ['/ip4/127.0.0.1/tcp/0'],
      http: { host: '127.0.0.1', port: 0 },
      logLevel: 'silent',
    }
    fs.writeFileSync(file, JSON.stringify(config))
    return file
  }

  storeOf(index: number): string {
    return path.join(this.folder, `v${index}`, 'store')
  }

  #writePeers(): void {
    const next = `${this.peersFile}.new`
    fs.writeFileSync(next, JSON.stringify(this.#addresses))
    fs.renameSync(next, this.peersFile)
  }

  /** Tells everybody where a peer that is not started here listens. */
  setAddresses(index: number, multiaddrs: readonly string[]): void {
    this.#addresses[`v${index}`] = multiaddrs
    this.#writePeers()
  }

  async start(...indices: readonly number[]): Promise<void> {
    for (const index of indices) {
      const running = await startValidator(path.join(this.folder, `v${index}`, 'config.json'))
      this.#running.set(index, running)
      this.setAddresses(index, running.multiaddrs)
    }
  }

  async stopValidator(index: number): Promise<void> {
    await this.#running.get(index)?.stop()
    this.#running.delete(index)
  }

  validator(index: number): RunningValidator {
    return this.#running.get(index)!
  }

  running(): RunningValidator[] {
    return [...this.#running.values()]
  }

  async get<T = Record<string, unknown>>(index: number, page: string): Promise<T> {
    const response = await fetch(`${this.validator(index).http}${page}`)
    return (await response.json()) as T
  }

  /** Resolves with a running validator's status once the condition holds of it, asked at each of its events. */
  async status(
    index: number,
    condition: (status: Record<string, unknown>) => boolean,
  ): Promise<Record<string, unknown>> {
    const validator = this.validator(index)
    for await (const _event of events(validator.http)) {
      const status = validator.status()
      if (condition(status)) return status
    }
    throw new Error(`v${index} ended first`)
  }

  /** Every running validator has the given height, or more. */
  async reach(height: number): Promise<void> {
    await Promise.all([...this.#running.keys()].map(index => this.status(index, at => Number(at.height) >= height)))
  }

  /** Every running validator is linked to so many others. */
  async linked(others: number): Promise<void> {
    const count = (status: Record<string, unknown>): number =>
      (status.peers as { connected: boolean }[]).filter(({ connected }) => connected).length
    await Promise.all([...this.#running.keys()].map(index => this.status(index, at => count(at) >= others)))
  }

  /** A real client with the key of that name, connected to `ready` validators. */
  async client(name: string, ready = this.#running.size, fingerprint?: Digest): Promise<LedgerClient> {
    const { genesis, peersFile } = this
    const client = await connectLedger({
      genesis,
      seed: seedOf(name),
      peersFile,
      ...(fingerprint === undefined ? {} : { fingerprint }),
    })
    this.closing(() => client.close())
    await client.ready(ready)
    return client
  }

  /** A host that holds an admitted key; it takes everybody. */
  async host(name: string, listen: readonly string[] = []): Promise<Host> {
    const host = await createHost({
      privateKey: seedOf(name),
      listen,
      networkTag: networkTagOf(this.network),
      isAdmitted: peerId => this.roleOf(peerId),
    })
    this.closing(() => host.stop())
    return host
  }

  roleOf(peerId: string): PeerRole | undefined {
    const { validators, members, authority } = this.genesis
    if (validators.some(validator => validator.peerId === peerId)) return 'validator'
    if (authority.peerId === peerId) return 'authority'
    return members.find(member => member.peerId === peerId)?.role
  }

  closing(close: () => Promise<void>): void {
    this.#toClose.push(close)
  }

  async close(): Promise<void> {
    for (const close of this.#toClose.splice(0).reverse()) await close()
    await Promise.all([...this.#running.keys()].map(index => this.stopValidator(index)))
    fs.rmSync(this.folder, { recursive: true, force: true })
  }
}

/** The events of a node, the status first, until the reader leaves or the node ends. */
export async function* events(http: string): AsyncGenerator<NodeEvent> {
  const stop = new AbortController()
  const response = await fetch(`${http}/events`, { signal: stop.signal })
  let rest = ''
  try {
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      const messages = (rest + chunk).split('\n\n')
      rest = messages.pop()!
      for (const message of messages) {
        const data = message.split('\n').find(line => line.startsWith('data: '))
        if (data) yield JSON.parse(data.slice(6)) as NodeEvent
      }
    }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
  } finally {
    stop.abort()
  }
}

type Heading = 'network' | 'signer' | 'number' | 'previous'
type Body<T extends LedgerRecord> = Omit<T, Heading>
export type Links = Partial<Pick<LedgerRecord, Heading>>
export type HeldToken = LooseToken & { readonly hash: Uint8Array }

/** Signs the records of one party, each as the next of its stream. */
export class Hand {
  readonly name: string
  readonly fingerprint: Digest
  readonly #network: Digest
  readonly #heads = new Map<string, { number: number; digest: Digest }>()

  constructor(net: TestNetwork, name: string, fingerprint?: Digest) {
    this.name = name
    this.#network = net.network
    const member = net.genesis.members.find(known => known.name === name)
    this.fingerprint = fingerprint ?? member?.certificate.fingerprint ?? net.genesis.authority.fingerprint
  }

  /** The next record of its stream. With `links` it takes another place, and the stream stays as it was. */
  sign<T extends LedgerRecord>(body: Body<T>, links?: Links): SignedRecord {
    const user = body.kind === 'tokenBlock' ? toHex((body as unknown as TokenBlock).user) : ''
    const stream = `${body.kind}/${user}`
    const head = this.#heads.get(stream) ?? { number: 0, digest: zeroDigest }
    const heading = {
      network: this.#network,
      signer: this.fingerprint,
      number: head.number + 1,
      previous: head.digest,
      ...links,
    }
    const record = { ...heading, ...body } as unknown as LedgerRecord
    const signed = decodeRecord(signRecord(record, keyOf(this.name)).bytes)
    if (!links) this.#heads.set(stream, { number: record.number, digest: signed.digest })
    return signed
  }

  publication(count: number, holder: string, links?: Links) {
    const now = Date.now()
    const times = { value: tokenValue, issuedAt: now, payBy: now + dayMs, expiry: now + 2 * dayMs }
    const number = links?.number ?? (this.#heads.get('publication/')?.number ?? 0) + 1
    const holderKey = keyOf(holder).publicKey
    const group: TokenGroup = { bank: this.fingerprint, publication: number, ...times, holder: holderKey }
    const digest = groupDigest(bytesOfHex(this.#network), group)
    const tokens = Array.from({ length: count }, (_, index): HeldToken => {
      const signature = signToken(digest, index, keyOf(this.name))
      hasher.group(digest)
      return { group, index, signature, hash: new Uint8Array(hasher.hash(index, signature)) }
    })
    const hashes = new Uint8Array(Buffer.concat(tokens.map(({ hash }) => hash)))
    return { signed: this.sign<Publication>({ kind: 'publication', ...times, hashes }, links), tokens }
  }

  /** A token block of payments, each given by its tokens. */
  block(user: string, payments: readonly (readonly HeldToken[])[], links?: Links): SignedRecord {
    const { publicKey } = keyOf(user)
    const number = links?.number ?? (this.#heads.get(`tokenBlock/${toHex(publicKey)}`)?.number ?? 0) + 1
    const terms = number === 1 ? ({ w0: 100, model: 'neutral', rounding: 'floor' } as const) : undefined
    const spendings = payments.map((tokens, item) => {
      const time = Date.now()
      const information = digestOf('information', Buffer.from(`${user}/${number}/${item}/${time}`))
      const payload = payloadDigest(
        time,
        information,
        tokens.map(({ hash }) => hash),
      )
      return { tokens, time, information, signature: signPayload(payload, keyOf(user)) }
    })
    const laid = layOutTokens(spendings)
    return this.sign<TokenBlock>({ kind: 'tokenBlock', user: publicKey, pending: false, terms, ...laid }, links)
  }

  membership(action: 'admit' | 'end', certificate: Certificate, value = 0n): SignedRecord {
    const { facts, name, role } = certificate
    if (role !== 'bank' && role !== 'auditor') throw new Error(`a ${role} is no member`)
    return this.sign<Membership>({ kind: 'membership', action, name, role, certificate: facts, tokenValue: value })
  }

  revocation(certificate: Digest): SignedRecord {
    return this.sign<Revocation>({ kind: 'revocation', certificate, reason: 'key lost' })
  }
}

const hasher = new TokenHasher()

/** A token with another bank signature than it had, and the hash that goes with it. */
export function alter(network: Digest, token: HeldToken): HeldToken {
  const signature = Uint8Array.from(token.signature)
  signature[5] = signature[5]! ^ 1
  hasher.group(groupDigest(bytesOfHex(network), token.group))
  return { ...token, signature, hash: new Uint8Array(hasher.hash(token.index, signature)) }
}

/** A certificate for a key that genesis does not name. */
export async function issue(net: TestNetwork, name: string, role: 'bank' | 'auditor'): Promise<Certificate> {
  const now = Date.now()
  return issueCertificate({
    issuer: net.root,
    issuerKey: keyOf('authority'),
    name,
    role,
    publicKey: keyOf(name).publicKey,
    notBefore: now - dayMs,
    notAfter: now + dayMs,
  })
}

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
        if (this.#blocked) return this.#blocked
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
    const host = await net.host(name)
    await host.start()
    return new RawClient(net, host, validator)
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
