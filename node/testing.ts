// Networks for tests: real validators in this process on loopback, with stores in a temporary folder, and real clients.
import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { bytesOfHex, toHex } from '../proto/bytes.ts'
import { type Certificate, createRootCertificate, issueCertificate } from '../proto/certificates.ts'
import { createGenesis, type Genesis, type GenesisTiming, genesisHash, genesisToJson } from '../proto/genesis.ts'
import { type Digest, sha256Hex } from '../proto/hash.ts'
import { type SigningKey, signingKeyFromSeed } from '../proto/keys.ts'
import { connectLedger, networkTagOf } from './client/client.ts'
import type { LedgerClient } from './client/types.ts'
import type { NodeEvent } from './http.ts'
import { createHost, type Host, type PeerRole } from './network/host.ts'
import { type RunningValidator, startValidator } from './validator.ts'

const seedOf = (name: string): Uint8Array => bytesOfHex(sha256Hex(Buffer.from(name)))
export const keyOf = (name: string): SigningKey => signingKeyFromSeed(seedOf(name))

export const dayMs = 86_400_000
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
  readonly #clients = new Map<string, LedgerClient>()
  readonly #hosts = new Map<string, Promise<Host>>()
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

  /** The real client with the key of that name (one key, one client: a second connection would replace the first), connected to `ready` validators. */
  async client(name: string, ready = this.#running.size, fingerprint?: Digest): Promise<LedgerClient> {
    const known = this.#clients.get(name)
    if (known) return known
    const { genesis, peersFile } = this
    const client = await connectLedger({
      genesis,
      seed: seedOf(name),
      peersFile,
      ...(fingerprint === undefined ? {} : { fingerprint }),
    })
    this.#clients.set(name, client)
    this.closing(() => client.close())
    await client.ready(ready)
    return client
  }

  /** The one host of raw clients with that key: a second one would take the connections of the first. */
  clientHost(name: string): Promise<Host> {
    const known = this.#hosts.get(name)
    if (known !== undefined) return known
    const started = this.host(name).then(async host => {
      await host.start()
      return host
    })
    this.#hosts.set(name, started)
    return started
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
